"""Files by their address: one at a time into a file, never from where the guard says no. Knows no Django."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpx

from projects import guard

logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses into the log, keys and all

SCHEMES = ("http", "https")
LONGEST = 4000
_REDIRECTS = 5
_CHUNK = 256 * 1024
_TIMEOUTS = httpx.Timeout(30.0, connect=10.0)
_AS_IT_IS = {"Accept-Encoding": "identity", "User-Agent": "Frameloop"}


class FetchError(Exception):
    """An address that gave no file. `detail` says why, without the address's query, which may be a key."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: bytes, and seconds from the first look-up to the last byte."""

    most: int
    seconds: float


def shown(url: str) -> str:
    """An address as it may be shown: without a login, and without its query, which may be a key.

    >>> shown("https://u:p@h.org/a.jpg?signature=1")
    'https://h.org/a.jpg'
    """
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()[:300]
    except ValueError:
        return url.partition("?")[0][:300]


def check(url: str) -> SplitResult:
    """An address by its looks; what it leads to is checked when it is opened.

    Raises:
        AddressError: no http or https, no host, spaces, too long, or a login in it.
    """
    if len(url) > LONGEST:
        raise guard.AddressError(f"The address is longer than {LONGEST} characters.")
    parts = guard.check_url(url, SCHEMES)
    if "@" in parts.netloc:
        raise guard.AddressError("The address has a user or password in it: use a signed address instead.")
    return parts


def name_of(url: str) -> str:
    """The name of the file at an address.

    >>> name_of("https://h.org/day%201/a%20b.jpg?width=3"), name_of("https://h.org/")
    ('a b.jpg', 'h.org')
    """
    parts = urlsplit(url)
    return PurePosixPath(unquote(parts.path)).name or parts.hostname or "unnamed"


def download(url: str, to: IO[bytes], rules: guard.Rules, limits: Limits, tick: Callable[[], None]) -> int:
    """Write what is at `url` into a file; `tick` is called for every piece and may raise. Returns the bytes.

    Raises:
        FetchError: not allowed, not there, too large, too slow.
    """
    ends = time.monotonic() + limits.seconds
    try:
        with _opened(url, rules) as answer:
            return _copy(answer, to, limits, ends, tick)
    except guard.AddressError as error:
        raise FetchError("bad-address", str(error)) from error
    except httpx.TimeoutException as error:
        raise FetchError("too-slow", "The server did not answer in time: try again later.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        detail = f"The server could not be reached, or broke off ({type(error).__name__}): try again later."
        raise FetchError("unreachable", detail) from error


@contextmanager
def _opened(url: str, rules: guard.Rules) -> Iterator[httpx.Response]:
    """The answer that the last of the redirects leads to; each is checked like the first address."""
    with httpx.Client(timeout=_TIMEOUTS, trust_env=False, follow_redirects=False) as client:
        for _ in range(_REDIRECTS + 1):
            answer = _ask(client, url, rules)
            try:
                if not answer.is_redirect:
                    yield _good(answer)
                    return
                url = urljoin(url, answer.headers["location"])
            finally:
                answer.close()
    raise FetchError("redirects", f"The server sent on more than {_REDIRECTS} times: give the file's own address.")


def _ask(client: httpx.Client, url: str, rules: guard.Rules) -> httpx.Response:
    parts = check(url)
    pinned = guard.pinned(parts, guard.resolve(parts, rules))
    names = {"sni_hostname": parts.hostname or ""}  # certificates are of the name, not of the address
    request = client.build_request("GET", pinned, headers={**_AS_IT_IS, "Host": parts.netloc}, extensions=names)
    request.extensions["timeout"] = client.timeout.as_dict()
    return client.send(request, stream=True)


def _good(answer: httpx.Response) -> httpx.Response:
    status = answer.status_code
    if status in (401, 403):
        raise FetchError("forbidden", f"The server wants a login (HTTP {status}): use a signed address.")
    if status == 404:
        raise FetchError("not-found", "The server has no file at this address (HTTP 404).")
    if status != 200:
        raise FetchError("bad-status", f"The server answered with HTTP status {status} in place of a file.")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise FetchError("encoded", "The server sends the file compressed although it was asked not to.")
    return answer


def _copy(answer: httpx.Response, to: IO[bytes], limits: Limits, ends: float, tick: Callable[[], None]) -> int:
    size, said = 0, answer.headers.get("content-length", "")
    _check_size(int(said) if said.isdecimal() else 0, limits)
    for piece in answer.iter_raw(_CHUNK):
        size += len(piece)
        _check_size(size, limits)
        if time.monotonic() > ends:
            raise FetchError("too-slow", f"The file took longer than {limits.seconds:g} s: upload it instead.")
        to.write(piece)
        tick()
    to.flush()
    return size


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.most:
        said = f"{limits.most / 2**20:,.0f} MiB"
        raise FetchError("too-large", f"The file is larger than {said}, the most that one may have.")

"""Camera addresses: which schemes they have, and how their credentials are kept apart. Pure.

What may be opened at all, `projects.guard` says.
"""

from __future__ import annotations

from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from projects import guard
from projects.guard import AddressError, Rules, check_address, pinned, port_of, resolve

__all__ = [
    "AddressError",
    "Rules",
    "check_address",
    "check_url",
    "join",
    "pair",
    "pinned",
    "port_of",
    "resolve",
    "split_credentials",
]

SCHEMES = {"rtsp": ("rtsp", "rtsps"), "http": ("http", "https")}


def split_credentials(url: str) -> tuple[str, str]:
    """The URL without its user and password, and `user:password` (still percent-encoded), or ''.

    >>> split_credentials("rtsp://admin:p%40ss@10.0.0.5/live")
    ('rtsp://10.0.0.5/live', 'admin:p%40ss')
    """
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), credentials


def pair(credentials: str) -> tuple[str, str] | None:
    """User and password, decoded.

    >>> pair("admin:p%40ss")
    ('admin', 'p@ss')
    """
    user, _, password = credentials.partition(":")
    return (unquote(user), unquote(password)) if credentials else None


def join(user: str, password: str) -> str:
    """
    >>> join("admin", "p@ss")
    'admin:p%40ss'
    """
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def check_url(url: str, kind: str) -> SplitResult:
    """The parts of a camera's URL.

    Raises:
        AddressError: a scheme that `kind` (rtsp or http) does not take, no host, or a bad port.
    """
    return guard.check_url(url, SCHEMES[kind])

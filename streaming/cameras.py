"""Cameras reached by PyAV: RTSP, HTTP streams, devices of this machine; always with time limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Event
from typing import Any
from urllib.parse import urljoin

import av
import httpx

from streaming import addresses
from streaming.encoder import Picture
from streaming.mailbox import Rest

OPEN_TIMEOUT = 5.0
READ_TIMEOUT = 5.0
_REDIRECTS = 3

# FFmpeg reads twenty pictures to guess their rate, which nobody here asks for: two seconds at 10 a second.
_QUICKLY = {"fpsprobesize": "0", "analyzeduration": "2000000"}


class SourceError(Exception):
    """There is no video now; the message says why in plain words.

    `final` marks what only a person can mend, such as a deleted file: it is tried again, but rarely.
    """

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def explain(error: Exception, where: str) -> str:
    """Why a camera gave no video, without the address's password and without FFmpeg's words."""
    for kinds, sentence in (
        ((ConnectionRefusedError,), "refused the connection: is the camera on, and the port right?"),
        ((TimeoutError, av.error.ExitError), f"did not answer within {OPEN_TIMEOUT:.0f} s: is the camera on?"),
        ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), "refused the user name or the password."),
        ((av.error.HTTPNotFoundError,), "has no stream at this path."),
        ((av.error.EOFError, ConnectionResetError, BrokenPipeError), "ended the stream."),
        ((av.error.InvalidDataError,), "sends something that is no video, or that cannot be decoded."),
        ((PermissionError,), "may not be opened by this user."),
        ((FileNotFoundError,), "does not exist: is the camera plugged in?"),
    ):
        if isinstance(error, kinds):
            return f"{where} {sentence}"
    return f"{where} cannot be opened ({type(error).__name__})."


class _Thinned:
    """While a source rests, one picture a second: cameras must be read on, or they hang up."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._last = -rest.pause

    def wanted(self) -> bool:
        return not self._rest.on or time.monotonic() - self._last >= self._rest.pause

    def taken(self) -> None:
        self._last = time.monotonic()


def pictures(container: Any, stop: Event, rest: Rest, where: str) -> Iterator[Picture]:
    """RGB pictures of the first video stream as they arrive; ends when the stream does.

    At rest pictures are still decoded, as later ones build on them, but not converted; those of a
    codec whose pictures stand alone are not even decoded.

    Raises:
        SourceError: packets come, but no picture for the read timeout.
    """
    if not container.streams.video:
        raise SourceError(f"{where} sends no video.")
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"  # frame threads would hold back as many pictures as there are threads
    alone = stream.codec_context.name == "mjpeg"
    thinned, seen = _Thinned(rest), time.monotonic()
    for packet in container.demux(stream):
        if stop.is_set():
            return
        if alone and not thinned.wanted():
            continue
        for frame in _decoded(packet):
            seen = time.monotonic()
            if thinned.wanted():
                thinned.taken()
                yield frame.to_ndarray(format="rgb24")
        if time.monotonic() - seen > READ_TIMEOUT:
            raise SourceError(f"{where} sends data but no picture that can be decoded.")


def _decoded(packet: Any) -> list[Any]:
    """A corrupt packet costs its pictures, not the connection."""
    with suppress(av.error.InvalidDataError):
        return list(packet.decode())
    return []


class RtspCamera:
    """An RTSP camera over TCP: a lost UDP packet would smear the picture until the next key frame."""

    def __init__(self, url: str, credentials: str, rules: addresses.Rules) -> None:
        self.url, self.credentials, self.rules = url, credentials, rules

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        parts = addresses.check_url(self.url, "rtsp")
        where = f"The camera at {parts.hostname}:{addresses.port_of(parts)}"
        try:
            address = addresses.resolve(parts, self.rules)
        except addresses.AddressError as error:
            raise SourceError(str(error)) from error
        options = {
            "rtsp_transport": "tcp",
            "timeout": str(int(READ_TIMEOUT * 1e6)),
            **_QUICKLY,
            "protocol_whitelist": "rtsp,rtsps,tcp,tls,udp,rtp,crypto",
        }
        yield from _opened(addresses.pinned(parts, address, self.credentials), where, stop, rest, options=options)


class Webcam:
    """A camera of this machine, such as /dev/video0."""

    def __init__(self, device: str) -> None:
        self.device = device

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        yield from _opened(self.device, f"The camera {self.device}", stop, rest, format="v4l2")


def _opened(file: Any, where: str, stop: Event, rest: Rest, **how: Any) -> Iterator[Picture]:
    try:
        with av.open(file, timeout=(OPEN_TIMEOUT, READ_TIMEOUT), **how) as container:
            yield from pictures(container, stop, rest, where)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(explain(error, where)) from error
    if not stop.is_set():
        raise SourceError(f"{where} ended the stream.")


class _Body:
    """The body of an HTTP answer as the file that PyAV reads from."""

    def __init__(self, answer: httpx.Response, stop: Event) -> None:
        self._parts = answer.iter_raw()
        self._rest = b""
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        if not self._rest and not self._stop.is_set():
            self._rest = next(self._parts, b"")
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class HttpCamera:
    """An HTTP camera: multipart JPEG, MPEG-TS or another stream that needs no seeking.

    Fetched by httpx rather than FFmpeg, so that a redirect is checked like the address itself.
    """

    def __init__(self, url: str, credentials: str, rules: addresses.Rules) -> None:
        self.url, self.credentials, self.rules = url, credentials, rules

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        parts = addresses.check_url(self.url, "http")
        where = f"The camera at {parts.hostname}:{addresses.port_of(parts)}"
        timeouts = httpx.Timeout(READ_TIMEOUT, connect=OPEN_TIMEOUT)
        try:
            with httpx.Client(timeout=timeouts, trust_env=False) as client:
                answer = self._answer(client, where)
                try:
                    yield from _opened(
                        _Body(answer, stop), where, stop, rest, format=_format(answer, where), options=_QUICKLY
                    )
                finally:
                    answer.close()
        except addresses.AddressError as error:
            raise SourceError(str(error)) from error
        except httpx.TimeoutException as error:
            raise SourceError(explain(TimeoutError(), where)) from error
        except httpx.ConnectError as error:
            raise SourceError(explain(ConnectionRefusedError(), where)) from error
        except httpx.HTTPError as error:
            raise SourceError(f"{where} ended the stream.") from error

    def _answer(self, client: httpx.Client, where: str) -> httpx.Response:
        url, digest = self.url, False
        for _ in range(_REDIRECTS + 1):
            answer = self._fetch(client, url, digest)
            if answer.is_success:
                return answer
            answer.close()
            if answer.is_redirect:
                url = urljoin(url, answer.headers["location"])
            elif answer.status_code == 401 and "digest" in answer.headers.get("www-authenticate", "").lower():
                if digest or not self.credentials:
                    break
                digest = True
            else:
                break
        raise SourceError(_refusal(answer.status_code, where))

    def _fetch(self, client: httpx.Client, url: str, digest: bool) -> httpx.Response:
        parts = addresses.check_url(url, "http")
        pinned = addresses.pinned(parts, addresses.resolve(parts, self.rules))
        login = (
            addresses.pair(self.credentials)
            if parts.hostname == addresses.check_url(self.url, "http").hostname
            else None
        )
        auth = (httpx.DigestAuth if digest else httpx.BasicAuth)(*login) if login else None
        request = client.build_request(
            "GET", pinned, headers={"Host": parts.netloc}, extensions={"sni_hostname": parts.hostname or ""}
        )
        request.extensions["timeout"] = client.timeout.as_dict()
        return client.send(request, stream=True, auth=auth)


def _refusal(status: int, where: str) -> str:
    if status in (401, 403):
        return f"{where} refused the user name or the password."
    if status == 404:
        return f"{where} has no stream at this path."
    return f"{where} answered with HTTP status {status} instead of video."


def _format(answer: httpx.Response, where: str) -> str | None:
    """The demuxer for an answer's content type; None lets PyAV find out from the data."""
    content_type = answer.headers.get("content-type", "").lower()
    if content_type.startswith("multipart/x-mixed-replace"):
        return "mpjpeg"
    if "mpegurl" in content_type:
        raise SourceError(
            f"{where} sends a playlist (HLS), which is not supported: use its RTSP or MJPEG address.", True
        )
    if content_type.startswith("text/html"):
        raise SourceError(f"{where} sends a web page, no video: give the address of the stream itself.", True)
    return None

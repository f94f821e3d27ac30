"""Stored files by signed, expiring URLs: whoever holds the URL may read the file until it expires.

A URL names the row and its field, never the storage key. It stays the same for half of its life, so that
browsers may keep what they have.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.core.signing import BadSignature, Signer
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header, parse_etags
from django.views.decorators.http import require_safe

from projects import sniff, tiles
from projects.files import local_path

_CHUNK = 256 * 1024
_SHOWN = {form.extension: form.content_type for form in sniff.FORMATS}  # what a browser shows and cannot run
_RANGE = re.compile(r"bytes=(?=\d|-\d)(\d*)-(\d*)")
_signer = Signer(salt="frameloop.media", sep="~")


def signed_url(field_file: Any, expires_s: int = 3600) -> str:
    """A URL of a stored file (a FieldFile of a saved row), good for at least `expires_s` seconds."""
    field = field_file.field.name
    start, middle, end = _address()
    token = _token(field_file, expires_s)
    _, dot, extension = field_file.name.rpartition("/")[2].rpartition(".")
    return f"{start}{token}{middle}{field}{dot}{extension if dot else ''}{end}"


def _token(field_file: Any, expires_s: int) -> str:
    row = field_file.instance
    step = max(1, abs(expires_s) // 2)
    expires = -(-int(time.time() + expires_s) // step) * step
    return _signer.sign(f"{row._meta.label_lower}.{field_file.field.name}.{row.pk}.{expires:x}")


def signed_tiles(field_file: Any, expires_s: int = 3600) -> str:
    """As `signed_url`, of each tile in a file of `projects.tiles`: `{level}`, `{x}` and `{y}` are to be filled in."""
    return reverse("media-tile", args=[_token(field_file, expires_s), 0, 0, 0])[:-10] + "{level}/{x}/{y}.webp"


@cache
def _address() -> tuple[str, str, str]:
    """The parts of the URL around the token and the name: resolved once, for a list needs hundreds of them."""
    start, _, rest = reverse("media", args=["TOKEN", "NAME"]).partition("TOKEN")
    middle, _, end = rest.partition("NAME")
    return start, middle, end


@require_safe
def media(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The file that a signed URL stands for; byte ranges and conditional requests as in RFC 9110."""
    file, expires = _opened_by(token)
    response = _answer(request, file)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = f"private, max-age={max(0, expires - int(time.time()))}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
def media_tile(request: HttpRequest, token: str, level: int, x: int, y: int) -> HttpResponseBase:
    """One tile of a huge picture."""
    file, expires = _opened_by(token)
    try:
        with local_path(file).open("rb") as source:
            tile = tiles.read(source, level, x, y)
    except (tiles.NoTile, FileNotFoundError) as error:
        raise Http404(str(error)) from None
    response = HttpResponse(tile, content_type="image/webp")
    response["Cache-Control"] = f"private, max-age={max(0, expires - int(time.time()))}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _opened_by(token: str) -> tuple[Any, int]:
    """The FieldFile of a token, and when the token ends (seconds since 1970)."""
    try:
        app, model, field, pk, expires = _signer.unsign(token).split(".")
        end = int(expires, 16)
        row_type = apps.get_model(app, model)
        is_file = isinstance(row_type._meta.get_field(field), models.FileField)
        row = row_type._base_manager.filter(pk=pk).first() if is_file and time.time() < end else None
    except (BadSignature, ValueError, LookupError, FieldDoesNotExist, ValidationError):
        raise Http404("No such file.") from None
    file = getattr(row, field) if row else None
    if not file:
        raise Http404("The link has expired, or its file is gone: reload the page that it came from.")
    return file, end


def _answer(request: HttpRequest, file: Any) -> HttpResponseBase:
    etag = f'"{hashlib.sha256(file.name.encode()).hexdigest()[:32]}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or etag in [tag.removeprefix("W/") for tag in known]:
        return HttpResponse(status=304, headers={"ETag": etag})
    try:
        size = file.storage.size(file.name)
    except (FileNotFoundError, OSError):
        raise Http404("The file is missing from the storage.") from None
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""
    span = _span(wanted, size)
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "ETag": etag})
    start, stop = span
    response = _body(request, file, start, stop)
    if _RANGE.fullmatch(wanted):
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response["ETag"] = etag
    response["Content-Length"] = str(stop - start)
    _describe(response, file)
    return response


def _span(header: str, size: int) -> tuple[int, int] | None:
    """(start, stop) of a Range header; the whole file where it asks for none or for several; None beyond the end.

    >>> _span("bytes=0-99", 1000), _span("bytes=-10", 1000), _span("bytes=1000-", 1000), _span("", 1000)
    ((0, 100), (990, 1000), None, (0, 1000))
    """
    match = _RANGE.fullmatch(header)
    if not match:
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    return (start, stop) if start < stop else None


def _describe(response: HttpResponseBase, file: Any) -> None:
    extension = PurePosixPath(file.name).suffix.lower()
    shown = extension in _SHOWN
    response["Content-Type"] = _SHOWN.get(extension, "application/octet-stream")
    given = getattr(file.instance, "original_name", "") or str(file.instance.pk)
    name = PurePosixPath(given).stem + extension
    response["Content-Disposition"] = content_disposition_header(not shown, name) or "attachment"


def _body(request: HttpRequest, file: Any, start: int, stop: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    if stop - start <= _CHUNK:
        with file.storage.open(file.name) as source:
            source.seek(start)
            return HttpResponse(source.read(stop - start))
    # Under ASGI a plain iterator would be read to its end before the first byte is sent.
    if isinstance(request, ASGIRequest):
        return StreamingHttpResponse(_stream_async(file, start, stop))
    return StreamingHttpResponse(_stream(file, start, stop))


def _stream(file: Any, start: int, stop: int) -> Iterator[bytes]:
    with file.storage.open(file.name) as source:
        source.seek(start)
        while start < stop:
            chunk = source.read(min(_CHUNK, stop - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk


async def _stream_async(file: Any, start: int, stop: int) -> AsyncIterator[bytes]:
    chunks = _stream(file, start, stop)
    try:
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield chunk
    finally:
        with suppress(ValueError):  # a reader that left: the thread still runs one read, and closes the file itself
            chunks.close()  # type: ignore[attr-defined]

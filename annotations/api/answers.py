"""What the calls on an item's document ask and answer alike."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from annotations.checks import Rejected
from projects.problems import Problem

_STATUS = {
    "INVALID": 400,
    "UNKNOWN_LABEL": 400,
    "FRAME_RANGE": 400,
    "OUTSIDE": 400,
    "TOO_LARGE": 413,
    "FORBIDDEN": 403,
    "NO_ITEM": 404,
    "BUSY": 503,
    "INTERNAL": 503,
}


def whole(request: Request, name: str) -> int | None:
    """A whole number of the query; None when it is not there."""
    value = request.query_params.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Problem(400, "invalid", f"{name}={value[:40]!r}: expected a whole number from 0.")
    return int(value)


def refused(refusal: Rejected) -> Problem:
    """What a script is told of a refused transaction."""
    status = _STATUS.get(refusal.code, 409)
    return Problem(status, refusal.code, refusal.detail, current=refusal.current, retryable=refusal.retryable)


def as_json(body: bytes, etag: str = "") -> HttpResponse:
    """An answer whose JSON is written already."""
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"} if etag else {}
    return HttpResponse(body, content_type="application/json", headers=headers)

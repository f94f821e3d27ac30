"""ETags of single objects: 304 for whoever has it already, 412 for whoever would overwrite a newer one."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.http import parse_etags, quote_etag
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.problems import Problem


def etag_of(data: Any) -> str:
    """A strong ETag over the JSON of an answer."""
    return quote_etag(hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32])


def answer(request: Request, data: Any, status: int = 200) -> Response:
    """The object with its ETag, or 304 when `If-None-Match` names it."""
    etag = etag_of(data)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method in ("GET", "HEAD") and ("*" in known or etag in [tag.removeprefix("W/") for tag in known]):
        return Response(status=304, headers={"ETag": etag})
    return Response(data, status=status, headers={"ETag": etag})


def require_match(request: Request, data: Any) -> None:
    """Refuse a write whose `If-Match` names another state of the object than `data`.

    Raises:
        Problem: 412, when somebody else changed it since it was read.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and "*" not in wanted and etag_of(data) not in wanted:
        raise Problem(412, "changed", "It was changed since you read it: read it again, then repeat the change.")

"""`Idempotency-Key`: a POST that is repeated with the same key does its work once.

The answer is kept in the transaction of the work itself. So a crash leaves both or neither, and of two
that arrive at once the second waits on the unique key and then repeats the first one's answer.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.models import KeptAnswer
from projects.problems import Problem

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)

_Handler = Callable[..., Response]
_PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Any text of up to 255 characters, new for each call: repeating the call with it is safe for a day.",
)


def idempotent(handler: _Handler | None = None, *, secrets: tuple[str, ...] = ()) -> Any:
    """Decorate a view's `post`. Fields named in `secrets` are not kept: a repeated answer has them null.

    The handler runs inside a transaction when the caller sent a key. Refusals are not kept, for they
    changed nothing and may succeed when repeated.
    """
    if handler is None:
        return functools.partial(idempotent, secrets=secrets)

    @extend_schema(parameters=[_PARAMETER])
    @functools.wraps(handler)
    def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key or not request.user.is_authenticated:
            return handler(view, request, *args, **kwargs)
        if len(key) > 255:
            raise Problem(400, "bad-key", f"{HEADER} is longer than 255 characters.")
        return _once(key, request, lambda: handler(view, request, *args, **kwargs), secrets)

    return post


def _once(key: str, request: Request, work: Callable[[], Response], secrets: tuple[str, ...]) -> Response:
    fingerprint = _fingerprint(request)
    mine = KeptAnswer.objects.filter(user=request.user, key=key)
    mine.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    with transaction.atomic():
        # Of two at once the second waits here until the first has committed or failed.
        row, first = KeptAnswer.objects.get_or_create(user=request.user, key=key, defaults={"fingerprint": fingerprint})
        if not first:
            return _repeat(row, fingerprint)
        response = work()
        if response.status_code < 300:
            _keep(row, response, secrets)
        else:
            transaction.set_rollback(True)
        return response


def _keep(row: KeptAnswer, response: Response, secrets: tuple[str, ...]) -> None:
    data = json.loads(JSONRenderer().render(response.data) or b"null")
    row.status = response.status_code
    row.body = {name: None if name in secrets else value for name, value in data.items()} if secrets else data
    row.headers = {name: response[name] for name in ("Location", "ETag") if name in response}
    row.save()


def _repeat(kept: KeptAnswer, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise Problem(422, "key-reused", f"This {HEADER} was used for another call: take a new one for each call.")
    return Response(kept.body, status=kept.status, headers={**kept.headers, "Idempotent-Replayed": "true"})


def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}".encode())
    for name, values in _parts(request.data):
        digest.update(repr(name).encode())
        for value in values:
            _feed(digest, value)
    return digest.hexdigest()


def _parts(data: Any) -> list[tuple[str, list[Any]]]:
    if hasattr(data, "lists"):  # a form
        return sorted(data.lists())
    return [("json", [data])]


def _feed(digest: Any, value: Any) -> None:
    if not isinstance(value, UploadedFile):
        digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        return
    digest.update(repr(value.name).encode())
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)

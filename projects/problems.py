"""Errors as application/problem+json (RFC 9457), made in one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from projects.uploads.protocol import TusError

CONTENT_TYPE = "application/problem+json"


class Problem(APIException):
    """A refusal with a machine-readable code: what is wrong, where, and how to mend it."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.extra = extra


def invalid(pointer: str, detail: str, code: str = "invalid") -> ValidationError:
    """A 400 for one place of the body: `invalid("/labels/0/name", "...")`."""
    error: Any = [ErrorDetail(detail, code)]
    for step in reversed(pointer.strip("/").split("/")):
        error = {step: error}
    return ValidationError(error)


def _errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [error for key, value in detail.items() for error in _errors(value, f"{pointer}/{key}")]
    if isinstance(detail, list):
        parts = [
            (f"{pointer}/{n}" if isinstance(part, dict | list) else pointer, part) for n, part in enumerate(detail)
        ]
        return [error for where, part in parts for error in _errors(part, where)]
    code = detail.code if isinstance(detail, ErrorDetail) else "invalid"
    return [{"pointer": pointer.replace("/non_field_errors", "") or "/", "code": str(code), "detail": str(detail)}]


def body(status: int, detail: str, errors: list[dict[str, str]] | None = None, **extra: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": _phrase(status),
        "status": status,
        "detail": detail,
        "errors": errors or [],
        **extra,
    }


def _phrase(status: int) -> str:
    """
    >>> _phrase(404), _phrase(460)
    ('Not Found', 'Checksum Mismatch')
    """
    return HTTPStatus(status).phrase if status != 460 else "Checksum Mismatch"  # tus's own


def _as_api_exception(error: Exception) -> Exception:
    """What Django raises on bad input, as the framework's own exceptions."""
    if isinstance(error, DjangoValidationError):
        return ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too-large", "The body is too large for this call: upload files as multipart or by tus.")
    if isinstance(error, TusError):
        return Problem(error.status, error.code, error.detail)
    return error


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every refusal of the REST interface passes here."""
    from rest_framework.views import exception_handler as drf_exception_handler  # it imports our parsers, they us

    error = _as_api_exception(error)
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    extra = getattr(error, "extra", {})
    if isinstance(error, ValidationError):
        errors = _errors(error.detail)
        detail = "; ".join(f"{e['pointer'].strip('/')}: {e['detail']}".removeprefix(": ") for e in errors[:3])
        response.data = body(response.status_code, detail, errors, **extra)
    else:
        given = response.data.get("detail", str(error)) if isinstance(response.data, dict) else str(error)
        code = getattr(given, "code", None)
        if isinstance(error, exceptions.Throttled):
            given = f"Too many calls: try again in {response.headers.get('Retry-After', 'a few')} seconds."
        if isinstance(error, exceptions.MethodNotAllowed):
            allowed = ", ".join(context["view"].allowed_methods)
            given = f"{context['request'].method} is not possible here; this takes {allowed}."
        extra = ({"code": str(code)} if code else {}) | extra
        response.data = body(response.status_code, str(given), **extra)
    response.content_type = CONTENT_TYPE
    return response


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _answer(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse(body(status, detail, code=code), status=status, content_type=CONTENT_TYPE)


@csrf_exempt  # or a script that posts here would be told of cookies, on a page
def unknown_call(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """The last route under /api/: an address that leads nowhere."""
    detail = f"There is no call {request.path}: see /api/schema/."
    if request.path.endswith("/"):
        detail += f" Addresses end without a slash: {request.path.rstrip('/')}"
    return _answer(404, "not_found", detail)


def not_found(request: HttpRequest, exception: Exception, *args: Any) -> HttpResponse:
    """Django's handler404: a problem under /api/, a page elsewhere."""
    return unknown_call(request) if _is_api(request) else defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception, *args: Any) -> HttpResponse:
    """Django's handler400: suspicious requests that never reach a view's own handling."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _answer(413, "too-large", "The body is too large for this call.")
    return _answer(400, "bad_request", "The request is malformed.")


def permission_denied(request: HttpRequest, exception: Exception, *args: Any) -> HttpResponse:
    """Django's handler403."""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return _answer(403, "permission_denied", str(exception) or "This is not allowed.")


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """Django's handler500: it says nothing of the cause, which is in the log under the request's id."""
    if not _is_api(request):
        return defaults.server_error(request)
    detail = "The server failed on this call. The log has the cause under the X-Request-Id of this answer."
    return _answer(500, "server_error", detail)

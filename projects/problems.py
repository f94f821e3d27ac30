"""Errors as application/problem+json (RFC 9457), made in one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

CONTENT_TYPE = "application/problem+json"


class Problem(APIException):
    """A refusal with a machine-readable code: what is wrong, where, and how to mend it."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.extra = extra


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
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or [],
        **extra,
    }


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every refusal of the REST interface passes here."""
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
        response.data = body(response.status_code, str(given), **({"code": str(code)} if code else {}), **extra)
    response.content_type = CONTENT_TYPE
    return response

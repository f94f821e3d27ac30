"""What the OpenAPI description says of every call alike: how to sign in, and what refusals look like."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457): what is wrong, where, and how to mend it.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs; not there on every refusal."},
        "detail": {"type": "string", "description": "For people."},
        "errors": {
            "type": "array",
            "description": "The places of the body that are wrong.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
            },
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "labels/0/color: A colour looks like #E69F00.",
        "errors": [{"pointer": "/labels/0/color", "code": "invalid", "detail": "A colour looks like #E69F00."}],
    },
}
_REFUSALS = {
    "400": "The body or a parameter is wrong; `errors` says where.",
    "401": "Not signed in, or the token is expired or revoked.",
    "403": "The role, or the token's scope, does not allow this.",
    "404": "It does not exist for this person.",
    "409": "Its present state does not allow this.",
    "422": "Understood, and still not possible: `code` and `detail` say why.",
    "429": "Too many calls; `Retry-After` says how many seconds to wait.",
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "projects.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A JWT from auth/login, or an API token."}


def document_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the refusals that every call may answer to those that the views describe themselves."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, calls in result["paths"].items():
        for method, call in calls.items():
            call.setdefault("summary", _first_sentence(call.get("description", "")))
            for status in _possible(path, method, call):
                call["responses"].setdefault(status, _refusal(_REFUSALS[status]))
    return result


def _first_sentence(text: str) -> str:
    """What a list of calls shows of each.

    >>> _first_sentence("Make a token. Its secret is in this answer.")
    'Make a token'
    """
    return re.split(r"\.(?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def _possible(path: str, method: str, call: dict[str, Any]) -> list[str]:
    statuses = ["429"]
    if "requestBody" in call or call.get("parameters"):
        statuses.append("400")
    if {} not in call.get("security", [{}]):
        statuses.append("401")
    if "{" in path:
        statuses += ["403", "404"]
        statuses += ["409"] if method in ("post", "patch", "delete") else []
    if any(parameter["name"] == "Idempotency-Key" for parameter in call.get("parameters", [])):
        statuses.append("422")
    return statuses


def _refusal(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}

"""A program that knows nothing of Frameloop but the contract that scripts rely on.

The program signs in with tokens and sends no cookies; each answer is held to the rules for all answers:
ids are UUIDs of version 7, times RFC 3339 in UTC, lists `{results, next}`, refusals problem+json.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from projects import ids
from tests.projects.files import encoded, pattern

STATUSES = {
    "queued", "starting", "running", "cancelling", "cancelled", "pausing", "paused", "succeeded", "failed", "lost",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")
ANNOTATION = {"id", "label", "geometry", "attributes", "source", "confidence", "author", "updated_by", "updated_at"}
ITEM = {"id", "kind", "path", "width", "height", "frames", "fps", "state", "rev", "split", "thumbnail"}
JOB = {"id", "kind", "status", "phase", "progress", "result", "error", "metrics"}
BOX = {"type": "box", "x": 4.5, "y": 5, "w": 20, "h": 10}
NOBODY = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"


class Script:
    """A program with a token, or without one."""

    def __init__(self, token: str = "") -> None:
        self.client = APIClient(enforce_csrf_checks=True)
        if token:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def call(self, call: str, body: Any = None, status: int = 200, form: bool = False) -> Any:
        """`call("POST teams", {...}, 201)`: the parsed answer, which keeps the rules of all answers."""
        method, path = call.split(" ")
        send = getattr(self.client, method.lower())
        answer = send(f"/api/v1/{path}", body, format="multipart" if form else "json")
        assert answer.status_code == status, (call, answer.status_code, answer.content[:500])
        if status == 204:
            return None
        said = json.loads(answer.content)
        if status >= 400:
            assert answer["Content-Type"].startswith("application/problem+json"), call
            assert {"type", "title", "status", "detail", "errors"} <= said.keys() and said["status"] == status
            assert all(error.keys() >= {"pointer", "code", "detail"} for error in said["errors"])
        else:
            follows_the_rules(said)
        return said

    def results(self, path: str) -> list[Any]:
        answer = self.call(f"GET {path}")
        assert answer.keys() == {"results", "next"}
        return answer["results"]


def follows_the_rules(value: Any, key: str = "") -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            follows_the_rules(part, name)
    elif isinstance(value, list):
        for part in value:
            follows_the_rules(part, key)
    elif key == "id":
        assert uuid.UUID(value).version == 7 and value == str(uuid.UUID(value)), value
    elif (key == "at" or key.endswith("_at")) and value is not None:
        assert TIME.match(value), (key, value)
        assert datetime.fromisoformat(value).utcoffset() is not None


def registered(name: str) -> dict[str, Any]:
    body = {"email": f"{name.lower()}@example.com", "password": "three unrelated words", "name": name}
    return Script().call("POST auth/register", body, 201)


def picture(name: str = "a.jpg", shade: int = 0) -> SimpleUploadedFile:
    image = pattern(64, 48)
    image.putpixel((0, 0), (shade, shade, shade))
    return SimpleUploadedFile(name, encoded(image, "PNG"), content_type="image/png")


def drawn(script: Script, item: dict[str, Any], label: str, **more: Any) -> dict[str, Any]:
    op = {"op": "create", "id": str(ids.uuid7()), "label": label, "geometry": BOX, **more}
    tx = {"client_id": "script", "tx_id": str(ids.uuid7()), "base_rev": 0, "ops": [op]}
    script.call(f"POST items/{item['id']}/tx", tx)
    return op

"""Items to label, and shorthands for transactions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from annotations.protocol import Tx
from projects.models import Asset, Item, Label, Project
from tests.rows import video_index

BOX = {"type": "box", "x": 10, "y": 20, "w": 30, "h": 40}
SQUARE = {"type": "polygon", "rings": [[["a", 10, 10], ["b", 50, 10], ["c", 50, 50], ["d", 10, 50]]]}


def make_item(project: Project, path: str = "a.png", kind: str = "image", frames: int = 50) -> Item:
    asset = Asset.objects.create(
        team=project.team, kind=kind, sha256=uuid.uuid4().hex * 2, size=1, content_type="image/png",
        original_name=path, width=640, height=480, file=path,
    )  # fmt: skip
    if kind == "video":
        video_index(asset, frames).save()
    return Item.objects.create(project=project, asset=asset, path=path)


@pytest.fixture
def item(project: Project) -> Item:
    return make_item(project)


@pytest.fixture
def video_item(project: Project) -> Item:
    return make_item(project, "a.mp4", "video")


@pytest.fixture
def labels(project: Project) -> list[str]:
    return [str(pk) for pk in Label.objects.filter(project=project).values_list("pk", flat=True)]


def new_id() -> str:
    return str(uuid.uuid4())


def create(label: str, shape_id: str | None = None, geometry: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": "create", "id": shape_id or new_id(), "label": label, "geometry": geometry or BOX, **more}


def update(shape_id: str, **changes: Any) -> dict[str, Any]:
    return {"op": "update", "id": shape_id, "set": changes}


def tx(*ops: dict[str, Any], base_rev: int = 0, client_id: str = "tab", tx_id: str = "", undo_of: str = "") -> Tx:
    return Tx(client_id, tx_id or uuid.uuid4().hex, base_rev, list(ops), undo_of)


@pytest.fixture
def a_shape(item: Item, labels: list[str], alice: Any) -> Callable[..., str]:
    """Makes a shape of Alice's at once, and gives its id."""
    from annotations import journal

    def make(geometry: Any = None, by: Any = None, **more: Any) -> str:
        op = create(labels[0], geometry=geometry, **more)
        item.refresh_from_db()
        journal.commit(item.pk, tx(op, base_rev=item.rev), by or alice)
        return str(op["id"])

    return make


def token_of(user: Any) -> str:
    return str(AccessToken.for_user(user))

"""Labelled pictures of the conveyor, made without the library's upload path."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

import cv2
import pytest
from django.core.files.base import ContentFile

from annotations.models import Annotation
from projects.conveyor import COLORS, LABELS, Conveyor
from projects.models import Asset, Item, Label, Project, Team, User


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.WEIGHTS_DIR = tmp_path / "weights"


@pytest.fixture
def belt(team: Team, alice: User) -> Project:
    """A project with the conveyor's labels and nothing in it."""
    project = Project.objects.create(team=team, name="Belt", task="detect", created_by=alice)
    for ordinal, name in enumerate(LABELS):
        Label.objects.create(project=project, name=name, color=COLORS[name], ordinal=ordinal)
    return project


@pytest.fixture
def add_image(alice: User) -> Callable[..., Item]:
    """`add_image(project, path, picture)` gives an item with that RGB picture, stored as JPEG."""

    def add(project: Project, path: str, picture) -> Item:
        data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
        digest = hashlib.sha256(data + path.encode()).hexdigest()
        asset = Asset.objects.create(
            team=project.team,
            kind="image",
            sha256=digest,
            size=len(data),
            content_type="image/jpeg",
            original_name=path,
            width=picture.shape[1],
            height=picture.shape[0],
            file=ContentFile(data, f"{digest}.jpg"),
            created_by=alice,
        )
        return Item.objects.create(project=project, asset=asset, path=path)

    return add


@pytest.fixture
def draw(alice: User) -> Callable[..., Annotation]:
    """`draw(item, label, x, y, w, h)` puts a box on an item, as the journal would have left it."""

    def box(item: Item, label: str, x: float, y: float, w: float, h: float, **fields) -> Annotation:
        Item.objects.filter(pk=item.pk).update(rev=item.rev + 1)
        item.rev += 1
        return Annotation.objects.create(
            id=uuid.uuid4(),
            item=item,
            label=item.project.labels.get(name=label),
            **{"geometry": {"type": "box", "x": x, "y": y, "w": w, "h": h}, **fields},
            author=alice,
            updated_by=alice,
            created_rev=item.rev,
            updated_rev=item.rev,
        )

    return box


@pytest.fixture
def fill(belt: Project, add_image, draw) -> Callable[[int], Project]:
    """`fill(n, width, height)` labels n pictures of the conveyor."""

    def labelled(n: int, width: int = 128, height: int = 72) -> Project:
        conveyor = Conveyor(width=width, height=height)
        for number in range(n):
            picture, shapes = conveyor.frame(number * 25)
            item = add_image(belt, f"belt/{number:04d}.jpg", picture)
            for shape in shapes:
                draw(item, shape.label, shape.x, shape.y, shape.w, shape.h)
        return belt

    return labelled

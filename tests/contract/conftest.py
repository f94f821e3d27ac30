"""Ada, who has registered, and what she has made: by calls, as everybody would."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files import File

from tests.contract.script import (
    Script,
    picture,
    registered,
)
from training.engines import load
from training.models import Model


@pytest.fixture
def ada(db) -> Script:
    return Script(registered("Ada")["access"])


@pytest.fixture
def made(ada: Script) -> dict[str, Any]:
    labels = [{"name": "bolt"}, {"name": "gear", "color": "#56B4E9"}]
    return ada.call("POST projects", {"name": "Belt", "task": "detect", "labels": labels}, 201)


@pytest.fixture
def item(ada: Script, made: dict[str, Any]) -> dict[str, Any]:
    return ada.call(f"POST projects/{made['id']}/items", {"file": picture(), "path": "x/a.png"}, 201, form=True)


@pytest.fixture
def model(made, tmp_path) -> Model:
    row = Model(project_id=made["id"], name="Fake", engine="fake", labels=[{"name": "bolt"}, {"name": "gear"}])
    with load("fake").export(tmp_path / "none", tmp_path, 64, 2).open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row

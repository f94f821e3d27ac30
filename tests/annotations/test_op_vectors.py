"""The reducer on the vectors that the browser's reducer runs too."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from annotations import ops, tracks
from annotations.protocol import Rejected

FOLDER = Path(__file__).parents[1] / "vectors" / "ops"
VECTORS = sorted(FOLDER.glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def by_id(shapes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {shape["id"]: shape for shape in shapes}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path):
    vector = load(path)
    document, error = by_id(vector["before"]), None
    untouched = copy.deepcopy(document)
    for tx in vector["txs"]:
        try:
            document = ops.fold(document, [tx])
        except Rejected as refusal:
            error = refusal.code
            break
    assert document == by_id(vector["after"]), vector["name"]
    assert error == vector.get("error")
    assert by_id(vector["before"]) == untouched


@pytest.mark.parametrize("path", [p for p in VECTORS if not p.stem.startswith("error")], ids=lambda path: path.stem)
def test_the_inverse_takes_every_op_back(path):
    vector = load(path)
    document = by_id(vector["before"])
    start, back = dict(document), []
    for tx in vector["txs"]:
        stamp = ops.Stamp(tx["rev"], tx["actor"]["id"], tx["at"])
        for op in (plain for wanted in tx["ops"] for plain in tracks.expand(wanted, document)):
            before = document.get(op["id"])
            document[op["id"]] = ops.apply(before, op, stamp)
            back.append(ops.inverse(before, document[op["id"]], op))
    for op in reversed([op for op in back if op]):
        document[op["id"]] = ops.apply(document[op["id"]], op, ops.Stamp(9, None, "later"))
    kept = ("label", "geometry", "attributes", "keyframes", "source", "frame", "deleted")
    for name, shape in document.items():
        if name in start:
            assert {key: shape[key] for key in kept} == {key: start[name][key] for key in kept}
        else:
            assert shape["deleted"]


def test_there_is_a_vector_for_every_op():
    kinds = {op["op"] for path in VECTORS for tx in load(path)["txs"] for op in tx["ops"]}
    assert {op["do"] for path in VECTORS for tx in load(path)["txs"] for op in tx["ops"] if op["op"] == "track"} == {
        "split",
        "merge",
        "trim",
    }
    assert kinds == {"create", "update", "delete", "restore", "vertex", "keyframe", "track"}

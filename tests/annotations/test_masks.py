"""Masks: what is one, and those too large for an op, which lie beside the journal as blobs of their item."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations import blob_names, journal, queries, shapes
from annotations.models import Annotation, MaskBlob
from annotations.protocol import Rejected, Tx
from projects.intake import intake
from projects.models import Membership, Role
from tests.browser.pictures import picture

_VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "masks" / "runs.json").read_text())["cases"]
WIDTH, HEIGHT = 640, 480


def encode(runs: list[int]) -> str:
    """cocoapi's `rleToString`."""
    text = []
    for n, run in enumerate(runs):
        value, more = run - runs[n - 2] if n > 2 else run, True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text.append(chr(48 + bits + 32 * more))
    return "".join(text)


def noise(seed: int) -> str:
    """A mask of the picture's size with more run lengths than an op may have."""
    bits = np.random.default_rng(seed).random(WIDTH * HEIGHT) < 0.5
    edges = np.flatnonzero(np.diff(bits.astype(int))) + 1
    runs = np.diff([0, *edges, bits.size]).tolist()
    return encode([0, *runs] if bits[0] else runs)


@pytest.fixture
def items(project, alice):
    files = [SimpleUploadedFile(name, picture(WIDTH + 10 * n)) for n, name in enumerate(("a.jpg", "b.jpg"))]
    return [intake(project, file, file.name, alice) for file in files]


@pytest.fixture
def item(items):
    return items[0]


def create(item, geometry, **more) -> dict:
    return {"op": "create", "id": str(uuid.uuid4()), "label": str(item.project.labels.first().pk), "geometry": geometry}


def commit(item, by, *ops, undo_of=""):
    item.refresh_from_db()
    return journal.commit(item.pk, Tx("tab", str(uuid.uuid4()), item.rev, list(ops), undo_of), by)


def store(client, item, counts: str):
    return client.post(f"/api/v1/items/{item.pk}/blobs", counts, content_type="text/plain")


@pytest.mark.parametrize("case", _VECTORS, ids=lambda case: case["name"])
def test_run_lengths_are_cocos(case):
    mask = shapes.parse({"type": "mask", "size": case["size"], "counts": case["counts"]})
    runs = shapes.run_lengths(mask["counts"])
    assert sum(runs[1::2]) == case["area"]
    assert encode(runs) == case["counts"]
    x, y, w, h = case["bbox"]
    assert shapes.bounds(mask) == ((x, y, x + w, y + h) if case["area"] else None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"counts": "5220002"}, "covers"),
        ({"counts": "5220003o"}, "middle of a run"),
        ({"counts": "\x7f"}, "run-length text"),
        ({"counts": [5, 2]}, "must be a text"),
        ({"size": [4, 0]}, "whole pixels"),
        ({"blob": "0" * 64}, "exactly the fields"),
    ],
)
def test_what_is_no_mask_is_refused_with_the_reason(change, says):
    with pytest.raises(shapes.ShapeError, match=says):
        shapes.parse({"type": "mask", "size": [4, 5], "counts": "5220003"} | change)
    with pytest.raises(shapes.ShapeError, match="64 hexadecimal"):
        shapes.parse({"type": "mask", "size": [4, 5], "blob": "../../etc"})


def test_a_mask_above_the_limit_goes_by_a_blob(api, item, bob):
    counts = noise(1)
    assert 64 * 1024 < len(counts) < 4 * 1024 * 1024
    with pytest.raises(Rejected, match="items/{id}/blobs"):
        commit(item, bob, create(item, {"type": "mask", "size": [HEIGHT, WIDTH], "counts": counts}))

    answer = store(api(bob), item, counts)
    assert answer.status_code == 201
    assert answer.json()["size"] == [HEIGHT, WIDTH]
    assert store(api(bob), item, counts).json() == answer.json()
    assert MaskBlob.objects.count() == 1
    mask = {"type": "mask", **answer.json()}
    op = create(item, mask)
    commit(item, bob, op)
    assert Annotation.objects.get(pk=op["id"]).geometry == mask

    # Whoever reads on the server has its run lengths; a browser fetches them once.
    assert queries.annotations_of(item)[0]["geometry"] == {"type": "mask", "size": [HEIGHT, WIDTH], "counts": counts}
    listed = api(bob).get(f"/api/v1/items/{item.pk}/annotations").json()["results"]
    assert listed[0]["geometry"] == mask
    url = f"/api/v1/items/{item.pk}/blobs/{mask['blob']}"
    fetched = api(bob).get(url)
    assert fetched.content.decode() == counts
    assert "immutable" in fetched["Cache-Control"]
    assert api(bob).get(url, HTTP_IF_NONE_MATCH=fetched["ETag"]).status_code == 304


def test_a_large_mask_can_be_changed_and_the_change_taken_back(api, item, bob):
    first, second = ({"type": "mask", **store(api(bob), item, noise(seed)).json()} for seed in (1, 2))
    op = create(item, first)
    commit(item, bob, op)
    receipt = commit(item, bob, {"op": "update", "id": op["id"], "set": {"geometry": second}})
    assert Annotation.objects.get().geometry == second
    commit(item, bob, undo_of=receipt.tx_id)
    assert Annotation.objects.get().geometry == first


def test_nobodys_stroke_is_painted_over_unseen(item, alice, bob):
    masks = [
        {"type": "mask", "size": [HEIGHT, WIDTH], "counts": encode([n, 1, WIDTH * HEIGHT - 1 - n])} for n in range(3)
    ]
    op = create(item, masks[0])
    seen = commit(item, alice, op).rev
    commit(item, bob, {"op": "update", "id": op["id"], "set": {"geometry": masks[1]}})
    hers = {"op": "update", "id": op["id"], "set": {"geometry": masks[2]}}
    for late in (hers, {**hers, "geom_rev": seen}):
        with pytest.raises(Rejected) as refusal:
            journal.commit(item.pk, Tx("tab", str(uuid.uuid4()), seen, [late]), alice)
        assert refusal.value.code == "CONFLICT"
    assert Annotation.objects.get().geometry == masks[1]
    commit(item, alice, hers)
    assert Annotation.objects.get().geometry == masks[2]


def test_a_blob_that_the_item_does_not_have_is_refused(api, items, bob):
    here, there = items
    with pytest.raises(Rejected, match="store it at items/") as refusal:
        commit(here, bob, create(here, {"type": "mask", "size": [HEIGHT, WIDTH], "blob": "0" * 64}))
    assert refusal.value.code == "INVALID"
    elsewhere = store(api(bob), there, encode([(WIDTH + 10) * HEIGHT - 1, 1])).json()
    with pytest.raises(Rejected, match="store it at items/"):
        commit(here, bob, create(here, {"type": "mask", "size": [HEIGHT, WIDTH], "blob": elsewhere["blob"]}))
    assert api(bob).get(f"/api/v1/items/{here.pk}/blobs/{elsewhere['blob']}").status_code == 404
    assert not Annotation.objects.exists()


def test_a_blob_has_the_size_of_its_picture(api, item, bob):
    for counts, says in (("04", "covers"), ("", "empty"), ("\x7f", "run-length"), ("é", "ASCII")):
        answer = store(api(bob), item, counts)
        assert answer.status_code == 400
        assert says in answer.json()["detail"]
    assert store(api(bob), item, "0" * (4 * 1024 * 1024 + 1)).status_code == 413


def test_only_those_who_may_draw_store_masks(api, item, team, bob, charlie):
    counts = encode([WIDTH * HEIGHT - 1, 1])
    digest = store(api(bob), item, counts).json()["blob"]
    assert store(api(charlie), item, counts).status_code == 404
    assert api(charlie).get(f"/api/v1/items/{item.pk}/blobs/{digest}").status_code == 404
    Membership.objects.create(team=team, user=charlie, role=Role.VIEWER)
    assert store(api(charlie), item, counts).status_code == 403
    assert api(charlie).get(f"/api/v1/items/{item.pk}/blobs/{digest}").status_code == 200


def test_blobs_are_found_wherever_an_op_names_them():
    mask = {"type": "mask", "size": [1, 1], "blob": "b"}
    keyframes = {"0": {"geometry": mask}, "5": {"outside": True}}
    for op in (
        {"op": "create", "geometry": mask},
        {"op": "update", "set": {"geometry": mask}},
        {"op": "keyframe", "frame": 0, "set": {"geometry": mask}},
        {"op": "create", "geometry": {"type": "tag"}, "keyframes": keyframes},
        {"op": "update", "set": {"keyframes": keyframes}},
    ):
        assert blob_names.named([op]) == {"b"}
    assert blob_names.named([{"op": "keyframe", "frame": 0, "set": None}, {"op": "delete"}]) == set()

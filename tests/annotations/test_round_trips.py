"""What a format can carry leaves a project and arrives in an empty one: through the jobs that people start."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations import journal
from annotations.exports import conversions, exporting
from annotations.exports.fit import without_ids
from annotations.exports.project import content
from annotations.formats import rle
from annotations.formats.base import Abilities
from annotations.formats.records import Label, Picture, Shape
from annotations.formats.registry import formats
from annotations.models import Annotation, Export
from projects import jobs, models
from projects.models import Asset, Item, Project
from tests.annotations.conftest import new_id, tx
from tests.annotations.formats.roundtrip import same_pictures
from tests.annotations.importing import bring, picture
from tests.projects.files import HEIGHT, WIDTH, video
from tests.rows import video_index

pytestmark = pytest.mark.django_db(transaction=True)  # a long job renews its lease on a line of its own
W, H, FRAMES = 64, 48, 20
SKELETON = {"points": ["head", "tail", "left"], "edges": [[0, 1], [1, 2]]}
HOLE = [[20, 12], [24, 12], [24, 16]]


def mask() -> dict[str, Any]:
    bits = np.zeros((H, W), np.uint8)
    bits[5:20, 10:30], bits[8:12, 15:20] = 1, 0
    return {"type": "mask", "size": [H, W], "counts": rle.encode(bits)}


GEOMETRIES: dict[str, dict[str, Any]] = {
    "box": {"type": "box", "x": 4.0, "y": 6.25, "w": 20.5, "h": 10.0},
    "rbox": {"type": "rbox", "cx": 32.0, "cy": 24.0, "w": 20.0, "h": 10.0, "angle": 30.0},
    "polygon": {"type": "polygon", "rings": [[[4.0, 4.0], [60.0, 8.5], [40.0, 40.0], [10.0, 44.25], [6.0, 20.0]]]},
    "polyline": {"type": "polyline", "points": [[1.0, 2.0], [30.5, 40.0], [60.0, 3.0]]},
    "keypoints": {"type": "keypoints", "points": [[10.0, 10.0, 2], [30.0, 30.5, 1], [0, 0, 0]]},
    "mask": mask(),
    "tag": {"type": "tag"},
}


class Trip(NamedTuple):
    """An export in a format, and what of the default data it is to carry.

    Attributes:
        kinds: None for all that the format names.
        most: Shapes of a picture, where the format has no more.
        pixels: That a coordinate may be off.
        holes, images, empty: Whether there are polygons with holes, pictures beside the video, and one without shapes.
        ends: Whether a track has a keyframe on the last frame on which it is seen.
    """

    format: str
    write: dict[str, str] = {}
    kinds: tuple[str, ...] | None = None
    most: int = 99
    pixels: float = 1e-6
    holes: bool = False
    images: bool = True
    empty: bool = True
    ends: bool = False

    @property
    def able(self) -> Abilities:
        return formats()[self.format].abilities


# Formats that are not named here have to carry all that their abilities say.
SPECIAL = [
    Trip("frameloop", holes=True, pixels=0),
    Trip("folders", most=1),
    Trip("mvtec", kinds=("tag", "mask"), empty=False),
    Trip("mot", images=False, ends=True),
    Trip("labelstudio", ends=True),
    Trip("toon", {"decimals": "6"}, holes=True, pixels=1e-5),
    Trip("yolo", {"task": "detect"}, ("box",), pixels=0.01),
    Trip("yolo", {"task": "segment"}, ("polygon",), pixels=0.01),
    Trip("yolo", {"task": "obb"}, ("rbox",), pixels=0.01),
    Trip("yolo", {"task": "pose"}, ("keypoints",), pixels=0.01),
    Trip("yolo", {"task": "classify"}, ("tag",), most=1, empty=False),
]
WRITTEN = [name for name, form in formats().items() if getattr(form, "writes", True)]
TRIPS = SPECIAL + [Trip(name) for name in WRITTEN if name not in {trip.format for trip in SPECIAL}]


def labels_for(trip: Trip) -> list[Label]:
    pose = [Label("pose", "#00aa00", skeleton=SKELETON)] if trip.able.skeletons else []
    return [Label("car", "#cc0000"), Label("ßtraße", "#0000cc"), *pose]


def pictures_for(trip: Trip) -> list[Picture]:
    """Two pictures of one file name in two folders, an empty one, and a video with tracks."""
    one = Picture("a/still.png", W, H, shapes_for(trip, "car"), "train", state="approved")
    two = Picture("b/still.png", W, H, shapes_for(trip, "ßtraße")[-2:], "val")
    there = [one, two] if trip.images else []
    if trip.images and trip.able.empty_pictures and trip.empty:
        there.append(Picture("empty.png", W, H, split="test"))
    if trip.able.tracks:
        there.append(Picture("clip.mp4", WIDTH, HEIGHT, tracks(trip), "train", FRAMES, 25.0))
    for each in there:
        each.split = each.split if trip.able.splits else ""
        each.state = each.state if trip.able.own else ""
        for n, shape in enumerate(each.shapes, start=1):
            shape.number = n
    return there


def shapes_for(trip: Trip, label: str) -> list[Shape]:
    kinds = trip.kinds or tuple(kind for kind in GEOMETRIES if kind in trip.able.geometries)
    group = new_id() if trip.able.groups else None
    made = []
    for n, kind in enumerate(kinds[: trip.most]):
        name = "pose" if kind == "keypoints" and trip.able.skeletons else label
        shape = Shape(name, geometry_for(trip, kind), group=group if n < 2 else None)
        shape.attributes = {"colour": "dark red"} if trip.able.attributes and kind != "tag" else {}
        shape.confidence = 0.75 if trip.able.confidence and kind != "tag" else None
        shape.z = 2 if trip.able.order and n == 1 else 0
        made.append(shape)
    return made


def geometry_for(trip: Trip, kind: str) -> dict[str, Any]:
    geometry = GEOMETRIES[kind]
    return {**geometry, "rings": [*geometry["rings"], HOLE]} if kind == "polygon" and trip.holes else geometry


def tracks(trip: Trip) -> list[Shape]:
    """One that moves, is hidden a while and leaves, and one that comes later and stays."""
    box = GEOMETRIES["box"]
    moved = {**box, "x": 20.0}
    first = {2: {"geometry": box}, 9: {"geometry": moved}, 15: {"geometry": moved, "outside": True}}
    if trip.ends:
        first[14] = {"geometry": moved}
    second = {5: {"geometry": moved}, 19: {"geometry": box}}
    return [
        Shape(label, each[min(each)]["geometry"], keyframes=each)
        for label, each in (("car", first), ("ßtraße", second))
    ]


# Rows


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return video(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=FRAMES).read_bytes()


@pytest.fixture
def fill(team, alice, clip):
    """A function that makes a project of labels and pictures, with their files in the library."""

    def make(labels: list[Label], pictures: list[Picture]) -> Project:
        made = Project.objects.create(team=team, name="From", task="detect", created_by=alice)
        names = {}
        for n, label in enumerate(labels):
            row = models.Label.objects.create(
                project=made, name=label.name, color=label.color, ordinal=n, skeleton=label.skeleton
            )
            names[label.name] = str(row.pk)
        for n, each in enumerate(pictures):
            data = picture(W, H, n) if each.frames is None else clip
            item = Item.objects.create(project=made, asset=asset_of(team, each, data), path=each.path, split=each.split)
            if each.shapes:
                draw(item, each.shapes, names, alice)
            Item.objects.filter(pk=item.pk).update(state=each.state or "to-do")
        return made

    return make


def asset_of(team, each: Picture, data: bytes) -> Asset:
    kind = "image" if each.frames is None else "video"
    asset = Asset(
        team=team, kind=kind, sha256=hashlib.sha256(data).hexdigest(), size=len(data), original_name=each.path,
        content_type="image/png" if kind == "image" else "video/mp4", width=each.width, height=each.height,
    )  # fmt: skip
    asset.file.save(Path(each.path).name, ContentFile(data), save=False)
    asset.save()
    if each.frames is not None:
        video_index(asset, each.frames).save()
    return asset


def draw(item: Item, shapes: list[Shape], labels: dict[str, str], by: Any) -> None:
    ids = sorted(new_id() for _ in shapes)  # shapes of one revision are told in the order of their ids
    ops = [{**op_of(shape, labels[shape.label]), "id": name} for shape, name in zip(shapes, ids, strict=True)]
    journal.commit(item.pk, tx(*ops), by)
    for op, shape in zip(ops, shapes, strict=True):
        if shape.confidence is not None:
            Annotation.objects.filter(pk=op["id"]).update(confidence=shape.confidence)


def op_of(shape: Shape, label: str) -> dict[str, Any]:
    op: dict[str, Any] = {"op": "create", "label": label, "geometry": named(shape.geometry)}
    if shape.keyframes:
        op["frame"], op["keyframes"] = min(shape.keyframes), {str(n): each for n, each in shape.keyframes.items()}
    given = {"attributes": shape.attributes, "group": shape.group, "z": shape.z}
    return op | {name: value for name, value in given.items() if value}


def named(geometry: dict[str, Any]) -> dict[str, Any]:
    """With ids of vertices, as the journal has them."""
    ids = (f"v{n}" for n in range(99))
    if geometry["type"] == "polygon":
        return {**geometry, "rings": [[[next(ids), *vertex] for vertex in ring] for ring in geometry["rings"]]}
    if geometry["type"] == "polyline":
        return {**geometry, "points": [[next(ids), *vertex] for vertex in geometry["points"]]}
    return geometry


# There and back


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: "-".join((trip.format, *trip.write.values())))
def test_what_it_can_carry_arrives_in_an_empty_project(team, alice, fill, trip):
    wanted = pictures_for(trip)
    source = fill(labels_for(trip), wanted)
    asked = exporting.start(source, {"format": trip.format, "options": trip.write, "media": True}, alice)
    jobs.carry(asked.pk, exporting.work)
    asked.refresh_from_db()
    assert asked.status == "succeeded", asked.error
    assert asked.result["losses"]["counts"] == []

    target = Project.objects.create(team=team, name="To", task="detect", created_by=alice)
    with Export.objects.get(job=asked).file.open() as archive:
        done = bring(target, alice, archive.read(), "export.zip")
    assert done.status == "succeeded", (done.error, done.result and done.result["report"]["remarks"])
    assert done.result["format"] == trip.format
    assert [row for row in done.result["report"]["counts"] if row["severity"] != "note"] == []
    assert done.result["pictures"]["new"] == len(wanted)

    found = arrived(target)
    same_pictures(wanted, found, trip.able, trip.pixels)
    if trip.able.own:
        assert {each.path: each.state for each in found} == {each.path: each.state or "to-do" for each in wanted}
    used = {shape.label for each in wanted for shape in each.shapes}
    there = {label.name: label for label in models.Label.objects.filter(project=target)}
    assert used <= there.keys()
    if trip.able.skeletons and "pose" in used:
        assert there["pose"].skeleton == SKELETON


def arrived(project: Project) -> list[Picture]:
    pictures = [entry.picture for entry in content(project, {}).entries]
    for each in pictures:
        for shape in each.shapes:
            shape.geometry = without_ids(shape.geometry)
    return pictures


def test_numbers_of_deleted_labels_stay_theirs(team, alice, fill):
    """Only our own format has them; an archive of it becomes any other without them."""
    source = fill(
        [Label("car"), Label("old"), Label("bus")], [Picture("a.png", W, H, [Shape("bus", GEOMETRIES["box"])])]
    )
    models.Label.objects.get(project=source, name="old").retire()
    asked = exporting.start(source, {"format": "frameloop", "options": {}, "media": True}, alice)
    jobs.carry(asked.pk, exporting.work)
    with Export.objects.get(job=asked).file.open() as file:
        archive = file.read()

    target = Project.objects.create(team=team, name="To", task="detect", created_by=alice)
    done = bring(target, alice, archive, "export.zip")
    assert done.status == "succeeded", done.error
    assert [row["name"] for row in done.result["labels_added"]] == ["car", "bus"]
    assert ordinals(target) == {"car": (0, False), "old": (1, True), "bus": (2, False)} == ordinals(source)
    bring(target, alice, archive, "export.zip", conflicts="merge")
    assert ordinals(target) == ordinals(source), "once"

    upload = SimpleUploadedFile("export.zip", archive)
    params = {"format": "auto", "to": "coco", "options": {}, "media": False}
    turned = conversions.start(source, params, upload, alice)
    jobs.carry(turned.pk, conversions.work)
    with Export.objects.get(job=turned).file.open() as file, ZipFile(file) as inner:
        (name,) = [each for each in inner.namelist() if each.endswith(".json")]
        assert [each["name"] for each in json.loads(inner.read(name))["categories"]] == ["car", "bus"]


def ordinals(project: Project) -> dict[str, tuple[int, bool]]:
    rows = models.Label.every.filter(project=project)
    return {row.name: (row.ordinal, row.retired_at is not None) for row in rows}

"""COCO: one JSON file for many images, with boxes, polygons, masks and keypoints.

The sections of a file come in any order, so its annotations are put down by image on the way and taken up again
picture by picture: memory does not grow with their number. Pure.
"""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import orjson

from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.coco_read import Place, shapes_of
from annotations.formats.coco_write import category, rows_of
from annotations.formats.common import Media, finites, name_of, path_of, split_in, whole
from annotations.formats.jsonstream import Elements, sections
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.spool import Pile, Spool

_HEAD = 1 << 16
_IMAGE, _ANNOTATION = 0, 1


class Coco:
    name = "coco"
    title = "COCO"
    help = "One JSON file a split: boxes, polygons, masks and keypoints; in wide use for training."
    abilities = Abilities(
        geometries=frozenset(("box", "rbox", "polygon", "keypoints", "mask")),
        attributes=True,
        confidence=True,
        splits=True,
        skeletons=True,
    )
    options = (
        Option(
            "outlines",
            "Take the outline of an object with keypoints as a shape of its own",
            True,
            help="The two are a group, and are written as one object again.",
            use="read",
        ),
        Option(
            "rle",
            "Masks as",
            "compressed",
            (("compressed", "compressed text"), ("uncompressed", "lists of run lengths")),
            use="write",
        ),
    )

    def detect(self, files: Files) -> float:
        return max((self._sure(files, name) for name in _json_files(files)[:20]), default=0.0)

    def _sure(self, files: Files, name: str) -> float:
        with files.open(name) as stream:
            head = stream.read(_HEAD)
        if b'"shapes"' in head or b'"items"' in head:
            return 0.0
        if b'"image_id"' in head and b'"category_id"' in head:
            return 0.95
        if b'"images"' in head and (b'"annotations"' in head or b'"categories"' in head or b'"file_name"' in head):
            return 0.95
        return 0.6 if b'"supercategory"' in head else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """One pass over each file now; the pictures are then made one by one.

        Raises:
            FormatError: no file is there, or one is no JSON object.
        """
        names = _json_files(files)
        if not names:
            raise FormatError("no-json", "There is no .json file here: COCO's annotations are in one.")
        reading = _Reading(files, report, bool(options.get("outlines", True)))
        for name in names:
            reading.take(name)
        if not reading.listed:
            raise FormatError("no-images", "None of the JSON files has a list of images.", names[0])
        return Dataset(list(reading.labels.values()), reading.pictures())

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        writing = _Writing(dataset, options.get("rle") == "uncompressed", report)
        for picture in dataset:
            writing.add(picture, self.media_name(picture, options), self.abilities)
        writing.finish(sink)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join("images", picture.split, picture.path)


def _json_files(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".json")]


class _Reading:
    """What is known after the pass over the files."""

    def __init__(self, files: Files, report: Report, outlines: bool) -> None:
        self.files, self.report, self.outlines = files, report, outlines
        self.media = Media(files.names())
        self.names: list[str] = []
        self.labels: dict[str, Label] = {}
        self.known: dict[tuple[str, str], int] = {}
        self.listed = False
        self._spool = Spool()
        self._categories: list[dict[Hashable, str]] = []
        self._same: dict[int, int] = {}
        self._keys: dict[Hashable, int] = {}
        self._next = 0
        self._splits: dict[str, set[str]] = {}

    def take(self, name: str) -> None:
        """Read one file through."""
        self.names.append(name)
        self._categories.append({})
        self._keys = {}
        with self.files.open(name) as stream:
            for key, section in sections(stream, name):
                if isinstance(section, Elements):
                    self._take_list(key, section, name)

    def _take_list(self, key: str, section: Elements, name: str) -> None:
        if key == "images":
            self.listed = True
            for index, image in section:
                self._image(index, image, name)
        elif key == "annotations":
            self._annotations(section, name)
        elif key == "categories":
            for index, entry in section:
                self._category(index, entry, name)
        elif key == "":
            raise FormatError("no-coco", "This is a bare list: COCO is an object with images and annotations.", name)

    def _key(self, image_id: Hashable) -> int:
        key = self._keys.get(image_id)
        if key is None:
            key = self._keys[image_id] = self._next
            self._next += 1
        return key

    def _image(self, index: int, image: Any, name: str) -> None:
        where = f"images[{index}]"
        path = path_of(image.get("file_name")) if isinstance(image, dict) else ""
        if not path or not _is_id(image.get("id")):
            self.report.refuse("image", "An image needs an id and a file_name.", name, where)
            return
        if path != image["file_name"]:
            self.report.change("path", f"The file name {image['file_name']!r} is taken as {path}.", name, where)
        key, split = self._key(image["id"]), _split(name)
        first = self.known.setdefault((split, path), key)
        if first != key:
            self._same[key] = first
        row = [whole(image.get("width")) or 0, whole(image.get("height")) or 0, split, path]
        self._splits.setdefault(path, set()).add(split) if split else None
        self._spool.add(key, [_IMAGE, len(self.names) - 1, index, row])

    def _category(self, index: int, entry: Any, name: str) -> None:
        label = name_of(entry.get("name")) if isinstance(entry, dict) else ""
        if not label or not _is_id(entry.get("id")):
            self.report.refuse("category", "A category needs an id and a name.", name, f"categories[{index}]")
            return
        self._categories[-1][entry["id"]] = label
        known = self.labels.setdefault(label, Label(label, _color(entry.get("color")), index=whole(entry["id"])))
        known.skeleton = known.skeleton or _skeleton(entry, self.report, name, f"categories[{index}]")
        above = entry.get("supercategory")
        if above and above not in (label, "none", "object"):
            self.report.note("supercategory", f"The supercategory {name_of(above)} of {label} is left out.", name)

    def _annotations(self, section: Elements, name: str) -> None:
        file, captions = len(self.names) - 1, 0
        for index, row in section:
            if not isinstance(row, dict) or not _is_id(row.get("image_id")):
                self.report.refuse("annotation", "An annotation needs an image_id.", name, f"annotations[{index}]")
            elif "caption" in row and "category_id" not in row:
                captions += 1
            else:
                self._put(self._key(row["image_id"]), [_ANNOTATION, file, index, row], name)
        if captions:
            self.report.note("captions", f"{captions} captions are left out.", name)

    def _put(self, key: int, record: list[Any], name: str) -> None:
        try:
            self._spool.add(key, record)
        except TypeError as error:
            self.report.refuse("annotation", f"This cannot be read: {error}.", name, f"annotations[{record[2]}]")

    def pictures(self) -> Iterator[Picture]:
        for _, records in self._spool.groups(self._same):
            picture = self._picture([record for record in records if record[0] == _IMAGE])
            found = [record for record in records if record[0] == _ANNOTATION]
            if picture is None:
                for _, file, index, row in found:
                    place = Place(self.report, self.names[file], index)
                    place.refuse("image-unknown", f"There is no image with the id {row['image_id']!r}.")
                continue
            for file, index, row in _joined(found):
                picture.shapes += self._shapes(row, picture, Place(self.report, self.names[file], index), file)
            yield picture

    def _picture(self, images: list[list[Any]]) -> Picture | None:
        if not images:
            return None
        width, height, split, path = images[0][3]
        for _, file, index, row in images[1:]:
            if file == images[0][1]:
                self.report.change("image-twice", f"{path} is listed again.", self.names[file], f"images[{index}]")
            width, height = width or row[0], height or row[1]
        media = self.media.find(path, split, posixpath.dirname(self.names[images[0][1]]))
        if len(self._splits.get(path, ())) > 1:
            path = posixpath.join(split, path)
            self.report.change("path", f"{path} is in several splits: its split is now in its name.", path)
        return Picture(path, width, height, split=split, media=media)

    def _shapes(self, row: dict[str, Any], picture: Picture, place: Place, file: int) -> list[Shape]:
        number = row.get("category_id")
        label = self._categories[file].get(number) if _is_id(number) else None
        if label is None:
            place.refuse("category-unknown", f"There is no category with the id {number!r}.")
            return []
        return shapes_of(row, self.labels[label], picture, self.outlines, place)


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and value is not None


def _joined(found: list[list[Any]]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The annotations of an image; one that stands in an instances and a keypoints file is taken once."""
    alone = len({record[1] for record in found}) < 2
    rows: list[tuple[int, int, dict[str, Any]]] = []
    places: dict[Any, int] = {}
    for _, file, index, row in found:
        mark = None if alone else orjson.dumps([row.get("id"), row.get("category_id"), row.get("bbox")])
        at = places.get(mark) if mark else None
        if at is not None and rows[at][0] != file and ("keypoints" in row) != ("keypoints" in rows[at][2]):
            rows[at] = (*rows[at][:2], {**row, **rows[at][2]})
            continue
        places[mark] = len(rows)
        rows.append((file, index, row))
    yield from rows


def _split(name: str) -> str:
    return split_in(posixpath.basename(name)) or split_in(posixpath.basename(posixpath.dirname(name)))


def _color(value: object) -> str:
    parts = finites(value, 3)
    if parts is None or not all(0 <= part <= 255 for part in parts):
        return ""
    return "#" + "".join(f"{int(part):02x}" for part in parts)


def _skeleton(entry: dict[str, Any], report: Report, file: str, where: str) -> dict[str, Any] | None:
    points = entry.get("keypoints")
    if not isinstance(points, list) or not points:
        return None
    edges = []
    given = entry.get("skeleton")
    for edge in given if isinstance(given, list) else ():
        ends = finites(edge, 2)
        if ends is None or not all(1 <= end <= len(points) for end in ends):
            report.change("skeleton", f"The edge {edge!r} does not join two keypoints: they count from 1.", file, where)
        else:
            edges.append([int(end) - 1 for end in ends])
    return {"points": [name_of(point) or str(n + 1) for n, point in enumerate(points)], "edges": edges}


class _Writing:
    """Images and annotations of each split, put down until all labels have come to light."""

    def __init__(self, dataset: Dataset, uncompressed: bool, report: Report) -> None:
        self.report, self.uncompressed = report, uncompressed
        self.labels = {label.name: label for label in dataset.labels}
        self.numbers = {name: n for n, name in enumerate(self.labels, start=1)}
        self.piles: dict[str, tuple[Pile, Pile]] = {}

    def add(self, picture: Picture, media: str, able: Abilities) -> None:
        if picture.frames is not None:
            self.report.refuse("video-left-out", "COCO has no videos: export their frames as images.", picture.path)
            return
        images, rows = self.piles.setdefault(picture.split, (Pile(), Pile()))
        number = len(images) + 1
        images.add({"id": number, "file_name": picture.path, "width": picture.width, "height": picture.height})
        shapes = []
        for shape in picture.shapes:
            self._number(shape.label)
            shapes += fit(shape, picture, able, self.report, numbers=True)
        for row in rows_of(shapes, self.numbers, self.uncompressed, picture, self.report):
            rows.add({"id": len(rows) + 1, "image_id": number, **row})

    def _number(self, label: str) -> None:
        if label not in self.numbers:
            self.labels[label] = Label(label)
            self.numbers[label] = len(self.labels)

    def finish(self, sink: Sink) -> None:
        categories = [category(label, self.numbers[name]) for name, label in self.labels.items()]
        for split, (images, rows) in (self.piles or {"": (Pile(), Pile())}).items():
            with sink.open(f"annotations/instances_{split or 'default'}.json") as target:
                target.write(b'{"info":{},"licenses":[],"categories":' + orjson.dumps(categories))
                target.write(b',\n"images":[')
                images.copy(target)
                target.write(b'],\n"annotations":[')
                rows.copy(target)
                target.write(b"]}\n")


FORMAT = Coco()

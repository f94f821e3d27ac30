"""CVAT XML 1.1, for images and for video; one file for all images and one for each video. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.common import Media, name_of, parsed, path_of, split_in
from annotations.formats.cvat_read import SHAPES, Place, labels_of, shape_of, track_of
from annotations.formats.cvat_write import image_xml, meta, track_xml
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.spool import Pile
from annotations.formats.xmlstream import elements, leaf, text_of

_HEAD = 1 << 14
_START = b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n'


class Cvat:
    name = "cvat"
    title = "CVAT XML 1.1"
    help = "What CVAT exports for images and for video, with tracks, attributes, skeletons and masks."
    abilities = Abilities(
        frozenset(("box", "rbox", "polygon", "polyline", "keypoints", "mask", "tag")),
        tracks=True,
        attributes=True,
        groups=True,
        order=True,
        splits=True,
        skeletons=True,
    )
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        return max((self._sure(files, name) for name in _xml_files(files)[:5]), default=0.0)

    def _sure(self, files: Files, name: str) -> float:
        with files.open(name) as stream:
            head = stream.read(_HEAD)
        if b"<annotations>" not in head:
            return 0.0
        return 0.95 if re.search(rb"<version>1\.|<image |<track |<meta>", head) else 0.5

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """One pass for the labels now; the pictures are then made one by one.

        Raises:
            FormatError: no file is there, or one is no XML.
        """
        names = _xml_files(files)
        if not names:
            raise FormatError("no-xml", "There is no .xml file here: CVAT's annotations are in one.")
        labels: dict[str, Label] = {}
        found = {name: _labels(files, name, labels) for name in names}
        if not any(found.values()):
            raise FormatError("no-cvat", "No XML file here begins with <annotations>.", names[0])
        reading = _Reading(files, report, labels)
        return Dataset(list(labels.values()), reading.pictures([name for name in names if found[name]]))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        writing = _Writing(self, dataset.labels, report)
        for picture in dataset:
            writing.add(picture, sink)
        writing.finish(sink)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join("images", picture.split, picture.path)


def _xml_files(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".xml")]


def _labels(files: Files, name: str, labels: dict[str, Label]) -> bool:
    """Take a file's labels; whether it is one of CVAT's."""
    with files.open(name) as stream:
        for element in elements(stream, name, ("meta", "image", "track")):
            if element.tag == "meta":
                for label in labels_of(element):
                    labels.setdefault(label.name, label)
            if element.tag not in ("annotations", "meta"):
                return element.tag in ("image", "track")
            if element.tag == "meta":
                return True
    return True


class _Reading:
    def __init__(self, files: Files, report: Report, labels: dict[str, Label]) -> None:
        self.files, self.report, self.labels = files, report, labels
        self.media = Media(files.names())
        self.seen: set[str] = set()

    def pictures(self, names: list[str]) -> Iterator[Picture]:
        for name in names:
            yield from self._file(name)

    def _file(self, name: str) -> Iterator[Picture]:
        tasks: dict[str, Picture] = {}
        with self.files.open(name) as stream:
            for element in elements(stream, name, ("meta", "image", "track")):
                if element.tag == "meta":
                    tasks = _videos(element, name)
                elif element.tag == "image":
                    picture = self._image(element, name)
                    if picture:
                        yield picture
                elif element.tag == "track":
                    self._track(element, name, tasks)
        for video in {id(each): each for each in tasks.values()}.values():
            if video.shapes or video.frames is not None:
                video.path = self._path(video.path, video.split, "", name)
                video.media = self.media.find(video.path, video.split)
                yield video

    def _image(self, element: Element, file: str) -> Picture | None:
        path = path_of(element.get("name"))
        where = f"image {element.get('id')}"
        if not path:
            self.report.refuse("image", "An image needs a name.", file, where)
            return None
        subset = element.get("subset") or ""
        split = split_in(subset)
        width, height = (max(0, int(parsed(element.get(name)) or 0)) for name in ("width", "height"))
        picture = Picture(path, width, height, split=split, media=self.media.find(path, split))
        picture.path = self._path(path, subset, element.get("task_id") or "", file)
        for n, part in enumerate(element):
            if part.tag in SHAPES:
                place = Place(self.report, file, f"{where} ({path}), shape {n + 1}", width, height, self.labels)
                shape = shape_of(part, place)
                picture.shapes += [shape] if shape else []
        return picture

    def _path(self, path: str, subset: str, task: str, file: str) -> str:
        """Exports of projects repeat names: the second has its subset or task in front."""
        free = path
        if free in self.seen:
            free = f"{name_of(subset) or 'task_' + (task or '0')}/{path}"
            while free in self.seen:
                free = f"again/{free}"
            self.report.change("path", f"{path} is there twice: the second is called {free}.", file)
        self.seen.add(free)
        return free

    def _track(self, element: Element, file: str, tasks: dict[str, Picture]) -> None:
        task = element.get("task_id") or ""
        video = tasks.get(task) or tasks.setdefault("" if len(tasks) < 2 else task, _unknown(file, tasks))
        place = Place(self.report, file, f"track {element.get('id')}", video.width, video.height, self.labels)
        shape = track_of(element, place)
        if shape:
            last = max(shape.keyframes) if shape.keyframes else shape.frame or 0
            video.frames = max(video.frames or 0, last + 1)
            video.shapes.append(shape)


def _unknown(file: str, tasks: dict[str, Picture]) -> Picture:
    """Where a track belongs: to the only task, else to a video that is called like the file."""
    return next(iter(tasks.values())) if tasks else Picture(posixpath.splitext(posixpath.basename(file))[0] + ".mp4")


def _videos(meta_: Element, file: str) -> dict[str, Picture]:
    """The tasks that are videos, by their id; the only one also by ""."""
    found: dict[str, Picture] = {}
    for task in [*meta_.iter("task"), *meta_.iter("job")]:
        path = path_of(text_of(task, "source"))
        if not path and text_of(task, "mode") != "interpolation":
            continue
        width, height = (
            int(parsed(text_of(task, f"original_size/{name}") or text_of(meta_, f"original_size/{name}")) or 0)
            for name in ("width", "height")
        )
        stop = parsed(text_of(task, "stop_frame"))
        frames = int(stop) + 1 if stop is not None else int(parsed(text_of(task, "size")) or 0)
        path = path or posixpath.splitext(posixpath.basename(file))[0] + ".mp4"
        split = split_in(text_of(task, "subset"))
        is_video = text_of(task, "mode") == "interpolation"
        found[text_of(task, "id")] = Picture(path, width, height, split=split, frames=frames if is_video else None)
    return {"": next(iter(found.values()))} if len(found) == 1 else found


class _Writing:
    def __init__(self, form: Cvat, labels: list[Label], report: Report) -> None:
        self.form, self.report = form, report
        self.labels = {label.name: label for label in labels}
        self.images = Pile(b"")
        self.videos = 0

    def add(self, picture: Picture, sink: Sink) -> None:
        shapes = [each for shape in picture.shapes for each in self._fit(shape, picture)]
        for shape in shapes:
            self.labels.setdefault(shape.label, Label(shape.label))
        fitted = Picture(picture.path, picture.width, picture.height, shapes, picture.split, picture.frames)
        if picture.frames is None:
            self.images.add_bytes(image_xml(fitted, len(self.images), self.labels, {}).encode())
            return
        self.videos += 1
        with sink.open(f"videos/{picture.path}.xml") as file:
            file.write(_START + meta(self.labels.values(), _task(fitted)).encode())
            self._tracks(fitted, file)
            file.write(b"</annotations>\n")

    def _fit(self, shape: Shape, picture: Picture) -> list[Shape]:
        if picture.frames is not None and shape.geometry["type"] == "tag":
            self.report.refuse("tag-left-out", "A tag of a video has no place in CVAT's tracks.", picture.path)
            return []
        if shape.keyframes is None:
            return fit(shape, picture, self.form.abilities, self.report)
        return [shape] if fit(shape, picture, self.form.abilities, self.report) else []

    def _tracks(self, video: Picture, file: Any) -> None:
        taken = {shape.number for shape in video.shapes if shape.keyframes is not None and shape.number is not None}
        free = (n for n in range(len(video.shapes) + len(taken) + 1) if n not in taken)
        groups: dict[str, int] = {}
        for shape in video.shapes:
            number = next(free) if shape.number is None or shape.keyframes is None else shape.number
            file.write(track_xml(shape, number, self.labels, groups).encode())

    def finish(self, sink: Sink) -> None:
        if not len(self.images) and self.videos:
            return
        with sink.open("annotations.xml") as file:
            inner = leaf("size", len(self.images)) + leaf("mode", "annotation")
            file.write(_START + meta(self.labels.values(), inner).encode())
            self.images.copy(file)
            file.write(b"</annotations>\n")


def _task(video: Picture) -> str:
    size = f"<original_size>{leaf('width', video.width)}{leaf('height', video.height)}</original_size>"
    frames = leaf("size", video.frames) + leaf("start_frame", 0) + leaf("stop_frame", max(0, (video.frames or 0) - 1))
    return (
        leaf("name", video.path)
        + frames
        + leaf("mode", "interpolation")
        + leaf("subset", video.split)
        + size
        + leaf("source", video.path)
    )


FORMAT = Cvat()

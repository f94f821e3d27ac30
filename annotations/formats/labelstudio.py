"""Label Studio's JSON: a list of tasks, each with a picture or video, annotations by people and predictions by models.

Coordinates are percent. A task's attributes of regions and its classes are results of their own, with the region's id
or with one of their own. Beside the tasks stands the labelling interface for a new project of Label Studio.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import orjson

from annotations.formats import common, jsonstream, labelstudio_results, measure, values
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.labelstudio_config import Controls
from annotations.formats.labelstudio_write import Writer
from annotations.formats.records import Dataset, Picture, Shape
from annotations.formats.values import Wrong

TASKS, CONFIG = "tasks.json", "label_config.xml"
_START = re.compile(rb"\s*\[\s*\{")
_SURE = re.compile(rb'"(from_name|completed_by|annotation_id|predictions|total_annotations)"\s*:')
_DATA = re.compile(rb'"data"\s*:\s*\{')
_UPLOADED = re.compile("^[0-9a-f]{8}-(?=.)")
_LOCAL = "/data/local-files/"
_KEYS = ("image", "img", "video", "ocr", "picture", "photo")


class LabelStudio:
    name = "labelstudio"
    title = "Label Studio"
    help = "Label Studio's JSON of tasks, for pictures and videos, with people's annotations and models' predictions."
    abilities = Abilities(
        frozenset(("box", "rbox", "polygon", "keypoints", "mask", "tag")),
        tracks=True,
        attributes=True,
        confidence=True,
        splits=True,
    )
    options = (
        Option(
            "annotations",
            "Where several people annotated a task",
            "first",
            (("first", "take the first"), ("last", "take the last"), ("all", "take all, one above the other")),
            use="read",
        ),
        Option(
            "predictions",
            "Predictions",
            "all",
            (("all", "take them as a model's"), ("unlabelled", "only where nobody annotated"), ("none", "leave out")),
            use="read",
        ),
        Option(
            "codes",
            "Names without the code that uploads get",
            True,
            help="Label Studio puts eight characters before the name of a file that was uploaded to it.",
            use="read",
        ),
        Option(
            "urls",
            "Pictures are named as",
            "local",
            (("local", "files of Label Studio's local storage"), ("plain", "paths")),
            use="write",
        ),
    )

    def detect(self, files: Files) -> float:
        return max((_likeness(files, name) for name in _documents(files)), default=0.0)

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        found = [name for name in _documents(files) if _likeness(files, name)]
        config = next((name for name in files.names() if name.rpartition("/")[2] == CONFIG), "")
        if not found:
            raise FormatError("missing", "There is no JSON file with a list of Label Studio's tasks in it.")
        labels = Controls.read(values.read_all(files, config), config, report) if config else []
        return Dataset(labels, _Reader(files, options, report).pictures(found))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        writer = Writer(self.abilities, report)
        with sink.open(TASKS) as stream:
            stream.write(b"[")
            for n, picture in enumerate(dataset):
                task = writer.task(picture, _url(picture.path, options["urls"]))
                stream.write((b",\n" if n else b"\n") + orjson.dumps({"id": n + 1, **task}))
            stream.write(b"\n]\n")
        with sink.open(CONFIG) as stream:
            stream.write(writer.controls.written(dataset.labels))

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return picture.path


FORMAT = LabelStudio()


def _url(path: str, kind: str) -> str:
    return f"{_LOCAL}?d={quote(path)}" if kind == "local" else path


def _documents(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".json")]


def _likeness(files: Files, name: str) -> float:
    start = values.start_of(files, name, 4096)
    if name.rpartition("/")[2] == TASKS and re.fullmatch(rb"\s*\[\s*\]\s*", start):
        return 0.6
    if not _START.match(start):
        return 0.0
    return 0.9 if _SURE.search(start) else 0.6 if _DATA.search(start) else 0.0


class _Reader:
    def __init__(self, files: Files, options: Mapping[str, Any], report: Report) -> None:
        self.files, self.options, self.report = files, options, report
        self.media = common.Media(files.names())
        self.taken: set[str] = set()

    def pictures(self, names: list[str]) -> Iterator[Picture]:
        for name in names:
            with self.files.open(name) as stream:
                for key, tasks in jsonstream.sections(stream, name):
                    if key == "" and isinstance(tasks, jsonstream.Elements):
                        for n, task in tasks:
                            yield from self._task(task, name, f"tasks[{n}]")

    def _task(self, found: Any, file: str, where: str) -> Iterator[Picture]:
        with values.refusing(self.report, "task", file, where):
            task = values.mapping(found, "a task")
            data = values.mapping(task.get("data"), "data")
            path, entry = self._path(data)
            chosen, predictions = self._chosen(task, file, where)
            picture = Picture(path, split=common.split_in(str(data.get("split") or "")), media=entry)
            self._measure(picture, data, [*chosen, *predictions])
            for each in chosen:
                picture.shapes += self._shapes(each, picture, file, f"{where}.annotations", _author(each), "import")
            for each in predictions:
                author = str(each.get("model_version") or "")
                picture.shapes += self._shapes(each, picture, file, f"{where}.predictions", author, "model")
            yield picture

    def _chosen(self, task: dict[str, Any], file: str, where: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The annotations and the predictions that are taken."""
        every = _objects(task.get("annotations", task.get("completions")), "annotations")
        done = [each for each in every if not each.get("was_cancelled")]
        wanted = {"first": done[:1], "last": done[-1:], "all": done}[self.options["annotations"]]
        if len(wanted) < len(done):
            text = f"{len(done)} annotations: the {self.options['annotations']} one was taken."
            self.report.note("several-annotations", text, file, where)
        wish = self.options["predictions"]
        usable = wish == "all" or (wish == "unlabelled" and not done)
        return wanted, _objects(task.get("predictions"), "predictions") if usable else []

    def _shapes(
        self, found: dict[str, Any], picture: Picture, file: str, where: str, author: str, source: str
    ) -> list[Shape]:
        results = labelstudio_results.Results((picture.width, picture.height), self.report, file, where)
        score = found.get("score") if source == "model" else None
        shapes = results.shapes(values.listing(found.get("result") or [], "result"), score)
        for shape in shapes:
            shape.author, shape.source = author, source
        return shapes

    def _path(self, data: dict[str, Any]) -> tuple[str, str]:
        """The item's path, and the archive's entry with its pixels."""
        url = next((data[key] for key in _KEYS if isinstance(data.get(key), str)), None) or _medium(data)
        if url is None:
            raise Wrong("data names neither a picture nor a video")
        parts = urlsplit(url)
        local = parse_qs(parts.query).get("d") if parts.path.startswith(_LOCAL) else None
        path = values.picture_path(local[0] if local else unquote(parts.path).lstrip("/"), "data")
        if path.startswith("data/upload/"):
            path = path.rpartition("/")[2]
        entry = self.media.find(path) or self.media.find(path.rpartition("/")[2])
        return self._without_code(path), entry

    def _without_code(self, path: str) -> str:
        folder, slash, name = path.rpartition("/")
        short = folder + slash + _UPLOADED.sub("", name)
        if not self.options["codes"] or short == path or short in self.taken:
            return path
        self.taken.add(short)
        return short

    def _measure(self, picture: Picture, data: dict[str, Any], annotations: list[dict[str, Any]]) -> None:
        listed = (values.listing(each.get("result") or [], "result") for each in annotations)
        results = [result for found in listed for result in found if isinstance(result, dict)]
        sized = next((r for r in results if r.get("original_width") and r.get("original_height")), None)
        if sized:
            width, height = sized["original_width"], sized["original_height"]
        else:
            width, height = data.get("width"), data.get("height")
        if not width or not height:
            width, height = measure.known(self.files, picture.path, picture.media)
        picture.width, picture.height = values.whole(width, "original_width"), values.whole(height, "original_height")
        self._time(picture, data, results)
        if data.get("of_video") and data.get("frame") is not None:
            picture.of_video = values.picture_path(data["of_video"], "of_video")
            picture.frame = values.whole(data["frame"], "frame")

    def _time(self, picture: Picture, data: dict[str, Any], results: list[dict[str, Any]]) -> None:
        tracks = [r["value"] for r in results if r.get("type") == "videorectangle" and isinstance(r.get("value"), dict)]
        if not tracks and "video" not in data:
            return
        count, duration = (
            max((each.get(name) or 0 for each in tracks), default=0) for name in ("framesCount", "duration")
        )
        frames = data.get("frames") or count or 0
        fps = data.get("fps") or (count / duration if duration else None)
        picture.frames = values.whole(frames, "framesCount")
        picture.fps = None if fps is None else values.number(fps, "fps")


def _medium(data: dict[str, Any]) -> str | None:
    urls = (value for value in data.values() if isinstance(value, str))
    return next(
        (url for url in urls if common.is_image(urlsplit(url).path) or common.is_video(urlsplit(url).path)), None
    )


def _objects(found: Any, what: str) -> list[dict[str, Any]]:
    """Whole objects: exports can name annotations by their number alone."""
    return [each for each in values.listing(found or [], what) if isinstance(each, dict)]


def _author(annotation: dict[str, Any]) -> str:
    by = annotation.get("completed_by")
    return str(by.get("email") or "") if isinstance(by, dict) else ""

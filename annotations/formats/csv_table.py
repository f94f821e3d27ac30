"""Plain CSV: a row an object, upright boxes by their corners.

Ours has the columns path, width, height, split, label, xmin, ymin, xmax, ymax, confidence, with an empty label for a
picture without objects. Read are also the usual names for them (filename, image, class, x1, left, ...), corners or
x, y, w, h, in pixels or (with a size) as fractions, with a header or as path,xmin,ymin,xmax,ymax,label; and tables of
paths and labels alone, which are tags. Pure.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator, Mapping
from typing import IO, Any

from annotations.formats import measure
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.common import Media, name_of, parsed, path_of, plain, split_in
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Picture, Shape
from annotations.formats.spool import Spool

COLUMNS = ("path", "width", "height", "split", "label", "xmin", "ymin", "xmax", "ymax", "confidence")
_BARE = ("path", "xmin", "ymin", "xmax", "ymax", "label")
_NAMES = {
    "path": (
        "path",
        "filename",
        "file",
        "file_name",
        "image",
        "image_path",
        "image_name",
        "imagepath",
        "img",
        "image_id",
    ),
    "width": ("width", "image_width", "img_width", "imagewidth"),
    "height": ("height", "image_height", "img_height", "imageheight"),
    "split": ("split", "set", "subset", "usage"),
    "label": ("label", "class", "class_name", "classname", "name", "category", "label_name", "labelname"),
    "xmin": ("xmin", "x_min", "x1", "left", "bbox_xmin", "bbox_x"),
    "ymin": ("ymin", "y_min", "y1", "top", "bbox_ymin", "bbox_y"),
    "xmax": ("xmax", "x_max", "x2", "right", "bbox_xmax"),
    "ymax": ("ymax", "y_max", "y2", "bottom", "bbox_ymax"),
    "x": ("x",),
    "y": ("y",),
    "w": ("w", "bbox_w", "bbox_width", "box_width"),
    "h": ("h", "bbox_h", "bbox_height", "box_height"),
    "confidence": ("confidence", "score", "conf", "probability"),
}
_BOX = {"xmin", "ymin", "xmax", "ymax", "x", "y", "w", "h"}
_COLUMN = {name: column for column, names in _NAMES.items() for name in names}
_HEAD = 1 << 14


class CsvTable:
    name = "csv"
    title = "CSV"
    help = "One table with a row an object, upright boxes by their corners: for spreadsheets and scripts."
    abilities = Abilities(frozenset(("box",)), confidence=True, splits=True)
    options = (
        Option(
            "unit",
            "Coordinates are",
            "auto",
            (
                ("auto", "pixels, unless all are fractions"),
                ("pixels", "pixels"),
                ("fractions", "fractions of the size"),
            ),
            use="read",
        ),
    )

    def detect(self, files: Files) -> float:
        return max((_sure(files, name) for name in _tables(files)[:5]), default=0.0)

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """One pass over each table now, since a picture's rows may lie apart; the pictures are then made one by one.

        Raises:
            FormatError: there is no table, or one has no columns for a path and a label.
        """
        names = [name for name in _tables(files) if _sure(files, name)] or _tables(files)
        if not names:
            raise FormatError("no-csv", "There is no .csv file here.")
        reading = _Reading(files, report, str(options.get("unit", "auto")))
        for name in names:
            reading.take(name)
        return Dataset([], reading.pictures())

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        with sink.open("annotations.csv") as file:
            text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
            table = csv.writer(text, lineterminator="\n")
            table.writerow(COLUMNS)
            for picture in dataset:
                if picture.frames is not None:
                    report.refuse("video-left-out", "The table has no videos: export their frames.", picture.path)
                else:
                    table.writerows(_rows(picture, self.abilities, report))
            text.flush()
            text.detach()

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join("images", picture.path)


def _tables(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith((".csv", ".tsv"))]


def _rows(picture: Picture, able: Abilities, report: Report) -> Iterator[list[Any]]:
    head = [picture.path, picture.width, picture.height, picture.split]
    shapes = [each for shape in picture.shapes for each in fit(shape, picture, able, report)]
    if not shapes:
        yield [*head, "", "", "", "", "", ""]
    for shape in shapes:
        box = shape.geometry
        edges = [plain(value) for value in (box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"])]
        yield [*head, shape.label, *edges, "" if shape.confidence is None else shape.confidence]


def _sure(files: Files, name: str) -> float:
    with files.open(name) as stream:
        lines = stream.read(_HEAD).decode("utf-8-sig", "replace").splitlines()
    try:
        columns, named = _columns(lines[0] if lines else "", name)
    except FormatError:
        return 0.0
    return (0.9 if "xmin" in columns or "x" in columns else 0.3) if named else 0.6


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _columns(line: str, file: str) -> tuple[dict[str, int], bool]:
    """Where each of our columns stands, and whether a header says so.

    Raises:
        FormatError: neither a header with a path and a label, nor a bare row of six.
    """
    row = next(csv.reader([line], delimiter=_separator(line)), [])
    columns: dict[str, int] = {}
    for n, name in enumerate(row):
        column = _COLUMN.get(name.strip().lower().replace(" ", "_"))
        if column:
            columns.setdefault(column, n)
    if (
        "x" in columns and "w" not in columns and row.count("width") == 1
    ):  # x, y, width, height: a box's, not a picture's
        columns["w"], columns["h"] = columns.pop("width"), columns.pop("height", len(row))
    if "path" in columns and "label" in columns:
        return columns, True
    bare = len(row) == len(_BARE) and bool(path_of(row[0])) and "." in row[0]
    if bare and (all(parsed(value) is not None for value in row[1:5]) or not any(row[1:])):
        return {name: n for n, name in enumerate(_BARE)}, False
    known = "path (or filename), label (or class), xmin, ymin, xmax, ymax"
    raise FormatError("columns", f"The first line has to name the columns {known}.", file, "line 1")


class _Reading:
    def __init__(self, files: Files, report: Report, unit: str) -> None:
        self.files, self.report, self.unit = files, report, unit
        self.media = Media(files.names())
        self._spool = Spool()
        self._keys: dict[str, int] = {}
        self._paths: list[str] = []
        self._names: list[str] = []
        self._largest = 0.0

    def take(self, name: str) -> None:
        self._names.append(name)
        with self.files.open(name) as stream:
            line = _first_line(stream)
        columns, named = _columns(line, name)
        with self.files.open(name) as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
            rows = csv.reader((line.replace("\0", "") for line in text), delimiter=_separator(line))
            try:
                for n, row in enumerate(rows):
                    if row and (n or not named):
                        self._row(row, columns, rows.line_num, name)
            except csv.Error as error:
                raise FormatError("csv", f"This is no valid CSV: {error}.", name, f"line {rows.line_num}") from None

    def _row(self, row: list[str], columns: dict[str, int], line: int, name: str) -> None:
        values = {column: row[n].strip() if n < len(row) else "" for column, n in columns.items()}
        path = path_of(values["path"])
        if not path:
            self.report.refuse("path", "A row needs the path of its picture.", name, f"line {line}")
            return
        if path not in self._keys:
            self._keys[path] = len(self._paths)
            self._paths.append(path)
        for column in _BOX:
            self._largest = max(self._largest, abs(parsed(values.get(column)) or 0))
        values["path"] = ""
        self._spool.add(self._keys[path], [len(self._names) - 1, line, values])

    def pictures(self) -> Iterator[Picture]:
        fractions = self.unit == "fractions" or (self.unit == "auto" and 0 < self._largest <= 1)
        if fractions:
            self.report.note("fractions", "The coordinates are taken as fractions of the pictures' sizes.")
        for key, rows in self._spool.groups():
            yield self._picture(self._paths[key], rows, fractions)

    def _picture(self, path: str, rows: list[Any], fractions: bool) -> Picture:
        picture = Picture(path)
        for file, _, values in rows:
            picture.width = picture.width or int(parsed(values.get("width")) or 0)
            picture.height = picture.height or int(parsed(values.get("height")) or 0)
            picture.split = picture.split or split_in(values.get("split") or posixpath.basename(self._names[file]))
        picture.media = self.media.find(path, picture.split)
        if (picture.media or fractions) and not (picture.width > 0 and picture.height > 0):
            picture.width, picture.height = measure.known(self.files, path, picture.media)
        scale = (picture.width, picture.height) if fractions else (1, 1)
        for file, line, values in rows:
            if values.get("label") or any(values.get(column) for column in ("xmin", "x")):
                picture.shapes += _shape(values, scale, self._names[file], f"line {line}", self.report)
        return picture


def _first_line(stream: IO[bytes]) -> str:
    return stream.readline(_HEAD).decode("utf-8-sig", "replace").strip("\r\n")


def _shape(values: dict[str, str], scale: tuple[int, int], file: str, where: str, report: Report) -> list[Shape]:
    label, corners = name_of(values.get("label")), _corners(values)
    if label and not _BOX & values.keys():
        return [Shape(label, {"type": "tag"})]
    if not label or corners is None:
        report.refuse("row", "A row needs a label and four numbers for its box.", file, where)
        return []
    if not all(scale):
        report.refuse("size-unknown", "The box is in fractions, and the picture's size is not known.", file, where)
        return []
    left, top, right, bottom = (value * scale[n % 2] for n, value in enumerate(corners))
    if right <= left or bottom <= top:
        report.refuse("empty", f"The box is {right - left:g} wide and {bottom - top:g} high.", file, where)
        return []
    confidence = parsed(values.get("confidence"))
    fits = confidence is not None and 0 <= confidence <= 1
    geometry = {"type": "box", "x": left, "y": top, "w": right - left, "h": bottom - top}
    return [Shape(label, geometry, confidence=confidence if fits else None)]


def _corners(values: dict[str, str]) -> list[float] | None:
    left, top = (parsed(values.get(name, values.get(name[0]))) for name in ("xmin", "ymin"))
    right, bottom = (parsed(values.get(name)) for name in ("xmax", "ymax"))
    wide, high = (parsed(values.get(name)) for name in ("w", "h"))
    if left is None or top is None:
        return None
    if right is None and wide is not None:
        right = left + wide
    if bottom is None and high is not None:
        bottom = top + high
    return None if right is None or bottom is None else [left, top, right, bottom]


FORMAT = CsvTable()

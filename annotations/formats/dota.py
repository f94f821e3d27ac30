"""DOTA: one labelTxt file a picture, `x1 y1 x2 y2 x3 y3 x4 y4 class difficult` a row, in pixels. Pure."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from annotations.formats import convert
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.common import Media, name_of, parsed, path_of, plain, split_in
from annotations.formats.losses import fit
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Dataset, Picture, Shape

_LARGEST = 64 << 20
_HEADERS = ("imagesource:", "gsd:", "acquisition dates:")
_OWN = "imagename:"
_SPACE = "\u00b7"


class Dota:
    name = "dota"
    title = "DOTA labelTxt"
    help = "Rotated boxes by their four corners: aerial pictures."
    abilities = Abilities(frozenset(("rbox",)), splits=True)
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        names = _texts(files)
        named = any("labeltxt" in name.lower() for name in names)
        if not any(_is_row(files, name) for name in names[:5]):
            return 0.6 if named else 0.0
        return 0.95 if named else 0.8

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """Raises: FormatError where there is no text file."""
        names = _texts(files)
        if not names:
            raise FormatError("no-txt", "There is no .txt file here: DOTA has one for each picture.")
        return Dataset([], _pictures(files, names, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        taken: set[int] = set()
        for picture in dataset:
            if picture.frames is not None:
                report.refuse("video-left-out", "DOTA has no videos: export their frames as images.", picture.path)
                continue
            stem = posixpath.splitext(picture.path)[0]
            name = posixpath.join("labelTxt", picture.split, f"{stem}.txt")
            if hash(name) in taken:  # a.jpg and a.png: the second keeps its suffix
                name = posixpath.join("labelTxt", picture.split, f"{picture.path}.txt")
            taken.add(hash(name))
            with sink.open(name) as file:
                file.write("".join(_lines(picture, self.abilities, report)).encode())

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join("images", picture.split, picture.path)


def _texts(files: Files) -> list[str]:
    found = [name for name in files.names() if name.lower().endswith(".txt")]
    labelled = [name for name in found if "labeltxt" in name.lower()]
    return labelled or found


def _is_row(files: Files, name: str) -> bool:
    with files.open(name) as stream:
        lines = stream.read(1 << 14).decode("utf-8", "replace").splitlines()
    rows = [line.split() for line in lines if line.strip() and not _is_header(line)]
    numbers = [parsed(word) is not None for word in rows[0]] if rows else []
    return len(numbers) in (9, 10) and all(numbers[:8]) and not numbers[8]


def _is_header(line: str) -> bool:
    return line.strip().lower().startswith((*_HEADERS, _OWN))


def _pictures(files: Files, names: list[str], report: Report) -> Iterator[Picture]:
    media = Media(files.names())
    by_stem: dict[str, str] = {}
    for name in files.names():
        by_stem.setdefault(posixpath.splitext(posixpath.basename(name))[0], name)
    for name in names:
        if files.size(name) > _LARGEST:
            report.refuse("too-large", f"More than {_LARGEST >> 20} MB of rows for one picture.", name)
            continue
        picture = Picture(_path(name, media), split=_split(name))
        with files.open(name) as stream:
            for n, line in enumerate(io.TextIOWrapper(stream, "utf-8", "replace"), start=1):
                if line.lower().startswith(_OWN):
                    _own(line, picture)
                elif line.strip() and not _is_header(line):
                    picture.shapes += _shape(line.split(), name, f"line {n}", report)
        picture.media = media.find(picture.path, picture.split)
        if picture.media and not picture.width:
            with files.open(picture.media) as stream:
                picture.width, picture.height = upright_size(stream)
        yield picture


def _own(line: str, picture: Picture) -> None:
    """Our header: the picture's path and size, which rows do not say."""
    path, _, size = line.partition(":")[2].strip().rpartition(" ")
    width, _, height = size.partition("x")
    if path and width.isdigit() and height.isdigit() and len(size) < 20:
        picture.path = path_of(unquote(path)) or picture.path
        picture.width, picture.height = int(width), int(height)


def _split(name: str) -> str:
    return next((found for part in name.split("/")[:-1] if (found := split_in(part))), "")


def _path(name: str, media: Media) -> str:
    """The picture's path: that of the file with the same stem, else as a .png, as the original has them."""
    folders = [part for part in name.split("/")[:-1] if "labeltxt" not in part.lower() and not split_in(part)]
    stem = "/".join((*folders, posixpath.basename(name)[:-4]))
    for suffix in (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"):
        if media.find(stem + suffix):
            return stem + suffix
    return stem + ".png"


def _shape(words: list[str], file: str, where: str, report: Report) -> list[Shape]:
    numbers = [parsed(word) for word in words[:8]]
    values = [value for value in numbers if value is not None]
    label = name_of(words[8].replace(_SPACE, " ")) if len(words) in (9, 10) else ""
    if len(values) != 8 or not label:
        report.refuse("row", "A row is eight numbers, a class and whether it is difficult.", file, where)
        return []
    points = list(zip(values[::2], values[1::2], strict=True))
    exact = convert.is_rectangle(points)
    geometry = convert.rbox_of(points)
    if geometry["w"] <= 0 or geometry["h"] <= 0:
        report.refuse("empty", "The four corners enclose nothing.", file, where)
        return []
    if not exact:
        report.change("not-rectangle", "The corners are no rectangle: the smallest around them is taken.", file, where)
    difficult = len(words) == 10 and words[9] not in ("0", "0.0")
    attributes: dict[str, Any] = {"difficult": words[9] if words[9] in ("2",) else True} if difficult else {}
    return [Shape(label, geometry, attributes)]


def _lines(picture: Picture, able: Abilities, report: Report) -> Iterator[str]:
    yield f"{_OWN}{quote(picture.path)} {picture.width}x{picture.height}\n"
    for shape in picture.shapes:
        others = {name: value for name, value in shape.attributes.items() if name != "difficult"}
        for each in fit(replace(shape, attributes=others), picture, able, report):
            corners = " ".join(
                str(plain(round(value, 9))) for point in convert.corners(each.geometry) for value in point
            )
            difficult = shape.attributes.get("difficult")
            flag = "2" if difficult == "2" else str(int(bool(difficult)))
            yield f"{corners} {each.label.replace(' ', _SPACE)} {flag}\n"


FORMAT = Dota()

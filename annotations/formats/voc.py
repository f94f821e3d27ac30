"""Pascal VOC: one XML file a picture with upright boxes, and lists of names for the splits.

The original counts pixels from 1 and includes the last, so a box of the first pixel alone is 1, 1, 1, 1: its left edge
lies at xmin - 1, its right one at xmax. Writers that count from 0 mean the corners as they are. Pure.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.common import Media, is_image, name_of, parsed, path_of, plain, split_in
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Picture, Shape
from annotations.formats.spool import Pile
from annotations.formats.xmlstream import clean, leaf, text_of, whole

_FLAGS = ("difficult", "truncated", "occluded")
_SAMPLE = 200
_SETS = "ImageSets/Main"


class Voc:
    name = "voc"
    title = "Pascal VOC"
    help = "One XML file a picture, with upright boxes only."
    abilities = Abilities(frozenset(("box",)), attributes=True, splits=True)
    options = (
        Option(
            "first",
            "The first pixel is",
            "auto",
            (("auto", "1 as in the original, unless a 0 occurs"), ("one", "1"), ("zero", "0")),
            help="The original and labelImg count from 1; others write corners as they are, from 0.",
        ),
    )

    def detect(self, files: Files) -> float:
        return max((_sure(files, name) for name in _xml_files(files)[:5]), default=0.0)

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """Raises: FormatError where there is no XML file."""
        names = _xml_files(files)
        if not names:
            raise FormatError("no-xml", "There is no .xml file here: VOC has one for each picture.")
        first = _first(files, names, str(options.get("first", "auto")), report)
        if any("Segmentation" in name.split("/")[-2:-1][0] for name in files.names() if "/" in name and is_image(name)):
            report.note("segmentation", "Pictures of segments (SegmentationClass and the like) are left out.")
        return Dataset([], _pictures(files, names, first, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        first = 0 if options.get("first") == "zero" else 1
        lists: dict[str, Pile] = {}
        taken: set[int] = set()
        for picture in dataset:
            name = f"Annotations/{posixpath.splitext(picture.path)[0]}.xml"
            if hash(name) in taken:  # a.jpg and a.png: the second keeps its suffix
                name = f"Annotations/{picture.path}.xml"
            taken.add(hash(name))
            if picture.frames is not None:
                report.refuse("video-left-out", "VOC has no videos: export their frames as images.", picture.path)
                continue
            lists.setdefault(picture.split, Pile(b"\n")).add_bytes(name[len("Annotations/") : -4].encode())
            with sink.open(name) as file:
                file.write(_xml(picture, self.abilities, first, report).encode())
        for split, names in lists.items():
            if split:
                with sink.open(f"{_SETS}/{split}.txt") as file:
                    names.copy(file)
                    file.write(b"\n")

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join("JPEGImages", picture.path)


def _xml_files(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".xml")]


def _sure(files: Files, name: str) -> float:
    with files.open(name) as stream:
        head = stream.read(4096)
    if b"<annotation" not in head or b"<annotations" in head:
        return 0.0
    if b"<imagesize>" in head or b"<polygon>" in head:
        return 0.2  # LabelMe's
    return 0.95 if b"<filename>" in head or b"<bndbox>" in head else 0.3


def _first(files: Files, names: list[str], given: str, report: Report) -> int:
    """The number of the first pixel; said in the report, because it moves everything by one."""
    if given == "auto":
        first = 0 if any(_has_zero(files, name) for name in names[:: max(1, len(names) // _SAMPLE)]) else 1
        why = "a coordinate is 0" if first == 0 else "no coordinate is below 1, as in the original"
    else:
        first, why = int(given == "one"), "as chosen"
    report.note(f"first-pixel-{first}", f"The first pixel is taken to be {first}: {why}.")
    return first


def _has_zero(files: Files, name: str) -> bool:
    try:
        with files.open(name) as stream:
            root = whole(stream, name)
    except FormatError:
        return False
    corners = [parsed(text_of(box, edge)) for box in root.iter("bndbox") for edge in ("xmin", "ymin")]
    return any(corner is not None and corner < 1 for corner in corners)


def _pictures(files: Files, names: list[str], first: int, report: Report) -> Iterator[Picture]:
    media, splits = Media(files.names()), _splits(files)
    seen: set[str] = set()
    for name in names:
        try:
            with files.open(name) as stream:
                root = whole(stream, name)
        except FormatError as error:
            report.refuse(error.code, error.detail, name, error.where)
            continue
        if root.tag != "annotation":
            report.refuse("no-voc", f"This begins with <{root.tag}>, not with <annotation>.", name)
            continue
        yield _picture(root, name, first, media, splits, seen, report)


def _splits(files: Files) -> dict[str, str]:
    """Pictures' names without suffix to their split, of the lists in ImageSets/Main."""
    found: dict[str, str] = {}
    for name in files.names():
        split = split_in(posixpath.basename(name))
        # Lists such as car_train.txt are of one class, with a 1 or -1 for each picture.
        if split and f"/{posixpath.dirname(name)}".endswith(f"/{_SETS}") and "_" not in posixpath.basename(name):
            with files.open(name) as stream:
                for line in stream:
                    found.setdefault(line.decode("utf-8", "replace").strip(), split)
    return found


def _picture(
    root: Element, name: str, first: int, media: Media, splits: dict[str, str], seen: set[str], report: Report
) -> Picture:
    stem = posixpath.splitext(name)[0]
    inner = f"/{stem}".rpartition("/Annotations/")[2] if "/Annotations/" in f"/{stem}" else posixpath.basename(stem)
    path = path_of(text_of(root, "filename"))
    if "." not in posixpath.basename(path):
        path = f"{inner}.jpg" if not path else f"{path}.jpg"
    folder = posixpath.dirname(inner)
    if folder and posixpath.dirname(path) != folder:
        path = posixpath.join(folder, posixpath.basename(path))
    if path in seen:
        report.change("path", f"{path} is there twice: the second is called as its file.", name)
        path = posixpath.join(posixpath.dirname(name), path)
    seen.add(path)
    width, height = (max(0, int(parsed(text_of(root, f"size/{side}")) or 0)) for side in ("width", "height"))
    split = splits.get(inner) or splits.get(posixpath.basename(inner), "") or split_in(name.split("/")[0])
    picture = Picture(path, width, height, split=split, media=media.find(path, split))
    if not (width and height):
        report.note("size", "The file does not say how large its picture is.", name)
    for n, element in enumerate(root.findall("object")):
        picture.shapes += _shapes(element, first, name, f"object {n + 1}", report)
    return picture


def _shapes(element: Element, first: int, file: str, where: str, report: Report) -> Iterator[Shape]:
    """An object, and its parts as shapes of a group."""
    parts = element.findall("part")
    for n, each in enumerate((element, *parts)):
        label = name_of(text_of(each, "name"))
        at = where if each is element else f"{where}, part {n}"
        box = [parsed(text_of(each, f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax")]
        left, top, right, bottom = (value if value is not None else 0.0 for value in box)
        left, top = left - first, top - first
        if not label or None in box:
            report.refuse("object", "An object needs a name and a bndbox of four numbers.", file, at)
        elif right <= left or bottom <= top:
            report.refuse("empty", f"The box is {right - left:g} wide and {bottom - top:g} high.", file, at)
        else:
            geometry = {"type": "box", "x": left, "y": top, "w": right - left, "h": bottom - top}
            shape = Shape(label, geometry, _attributes(each) if each is element else {})
            shape.group = where if parts else None
            yield shape


def _attributes(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {flag: True for flag in _FLAGS if text_of(element, flag) in ("1", "true", "True")}
    pose = text_of(element, "pose")
    if pose and pose != "Unspecified":
        found["pose"] = pose
    for attribute in element.findall("attributes/attribute"):
        name, text = name_of(text_of(attribute, "name")), attribute.findtext("value") or ""
        if name:
            found[name] = {"true": True, "false": False}.get(text.lower(), text)
    return found


def _xml(picture: Picture, able: Abilities, first: int, report: Report) -> str:
    shapes = [each for shape in picture.shapes for each in fit(shape, picture, able, report)]
    folder, filename = posixpath.split(picture.path)
    size = f"<size>{leaf('width', picture.width)}{leaf('height', picture.height)}{leaf('depth', 3)}</size>"
    objects = "".join(_object(shape, first) for shape in shapes)
    head = f"{leaf('folder', folder)}{leaf('filename', filename)}<source><database/></source>"
    return f"<annotation>\n{head}\n{size}<segmented>0</segmented>\n{objects}</annotation>\n"


def _object(shape: Shape, first: int) -> str:
    box, attributes = shape.geometry, dict(shape.attributes)
    edges = {
        "xmin": box["x"] + first,
        "ymin": box["y"] + first,
        "xmax": box["x"] + box["w"],
        "ymax": box["y"] + box["h"],
    }
    bndbox = "".join(leaf(name, plain(value)) for name, value in edges.items())
    flags = "".join(leaf(flag, int(attributes.pop(flag, False) is True)) for flag in _FLAGS)
    pose = leaf("pose", attributes.pop("pose", "Unspecified"))
    rest = "".join(
        f"<attribute>{leaf('name', name)}{leaf('value', _text(value))}</attribute>"
        for name, value in attributes.items()
    )
    said = f"<attributes>{rest}</attributes>" if rest else ""
    return f"<object>{leaf('name', shape.label)}{pose}{flags}<bndbox>{bndbox}</bndbox>{said}</object>\n"


def _text(value: Any) -> str:
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


FORMAT = Voc()

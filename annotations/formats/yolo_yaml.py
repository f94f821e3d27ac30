"""The description of a YOLO dataset: classes, keypoints, and which folder is which split. Pure.

It is only read, never passed on: `download:` in a foreign one has been run by some trainers.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from annotations.formats.base import Files, FormatError, Report
from annotations.formats.common import finites, name_of, split_in, whole
from annotations.formats.records import Label

_LARGEST = 1 << 20
_TASKS = ("detect", "segment", "obb", "pose", "classify")
_SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}


@dataclass
class Described:
    """What a data.yaml (or classes.txt) says.

    Attributes:
        names: Class by number; numbers may have gaps.
        folders: Folder, or list of pictures (a .txt), to its split.
        keypoints: (how many, values each); (0, 0) for none.
        task: As Frameloop's own archives say it; "" where the rows have to tell.
    """

    names: dict[int, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    keypoints: tuple[int, int] = (0, 0)
    points: dict[int, list[str]] = field(default_factory=dict)
    edges: dict[int, list[list[int]]] = field(default_factory=dict)
    file: str = ""
    task: str = ""

    def labels(self) -> list[Label]:
        return [Label(name, index=n, skeleton=self._skeleton(n)) for n, name in sorted(self.names.items())]

    def _skeleton(self, n: int) -> dict[str, Any] | None:
        count = self.keypoints[0]
        if self.points and n not in self.points:
            return None
        points = self.points.get(n) or [str(k + 1) for k in range(count)]
        return {"points": points, "edges": self.edges.get(n, [])} if points else None


def find(files: Files) -> str:
    """The yaml that describes the dataset: the one nearest to the root that names classes; "" for none."""
    found = [name for name in files.names() if name.lower().endswith((".yaml", ".yml"))]
    for name in sorted(found, key=lambda name: (name.count("/"), name))[:20]:
        with files.open(name) as stream:
            if b"names" in stream.read(1 << 16):
                return name
    return ""


def describe(files: Files, report: Report) -> Described:
    """From a data.yaml, else from a list of classes; without both, classes are called by their numbers.

    Raises:
        FormatError: the yaml is none, or has no names.
    """
    name = find(files)
    if name:
        return _from_yaml(_load(files, name), name, report)
    lists = [each for each in files.names() if posixpath.basename(each) in ("classes.txt", "obj.names")]
    if not lists:
        return Described()
    with files.open(lists[0]) as stream:
        lines = stream.read(_LARGEST).decode("utf-8", "replace").splitlines()
    return Described({n: label for n, line in enumerate(lines) if (label := name_of(line))}, file=lists[0])


def _load(files: Files, name: str) -> dict[str, Any]:
    if files.size(name) > _LARGEST:
        raise FormatError("yaml", f"The description has more than {_LARGEST >> 20} MB.", name)
    with files.open(name) as stream:
        content = stream.read(_LARGEST)
    try:
        found = yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise FormatError("yaml", "The description is no valid YAML.", name, where) from None
    except (RecursionError, ValueError):
        raise FormatError(
            "yaml", "The description is no valid YAML: it nests too deeply, or a value lies.", name
        ) from None
    if not isinstance(found, dict):
        raise FormatError("yaml", "The description has no entries such as names: and train:.", name)
    return found


def _from_yaml(content: dict[str, Any], file: str, report: Report) -> Described:
    described = Described(_names(content.get("names"), file), file=file)
    if not described.names:
        raise FormatError("names", "names: is neither a list of class names nor number: name.", file)
    if "download" in content:
        report.note("download", "A download: entry is left out: it is a script for a trainer.", file)
    described.task = content["task"] if content.get("task") in _TASKS else ""
    described.keypoints = _kpt_shape(content.get("kpt_shape"), file)
    described.points = _by_number(content.get("kpt_names"), described.keypoints[0])
    described.edges = _edges(content.get("skeleton"))
    root = posixpath.dirname(file)
    for key, split in _SPLITS.items():
        for value in _listed(content.get(key)):
            for folder in _candidates(root, str(content.get("path") or ""), value):
                described.folders.setdefault(folder, split)
    return described


def _names(given: Any, file: str) -> dict[int, str]:
    pairs = enumerate(given) if isinstance(given, list) else given.items() if isinstance(given, dict) else ()
    names: dict[int, str] = {}
    for number, value in pairs:
        index, name = whole(int(number) if str(number).isdigit() else number), name_of(value)
        if index is None or not name:
            raise FormatError("names", f"names: {number!r}: {value!r} is not a class number with a name.", file)
        names[index] = name
    return names


def _kpt_shape(given: Any, file: str) -> tuple[int, int]:
    if given is None:
        return 0, 0
    parts = finites(given, 2)
    if parts is None or not 1 <= parts[0] <= 1000 or parts[1] not in (2, 3):
        raise FormatError("kpt_shape", f"kpt_shape: {given!r} is not [number of keypoints, 2 or 3].", file)
    return int(parts[0]), int(parts[1])


def _by_number(given: Any, count: int) -> dict[int, list[str]]:
    if not isinstance(given, dict):
        return {}
    return {
        n: [name_of(point) or str(k + 1) for k, point in enumerate(points)]
        for n, points in given.items()
        if isinstance(n, int) and isinstance(points, list) and 0 < len(points) <= count
    }


def _edges(given: Any) -> dict[int, list[list[int]]]:
    if not isinstance(given, dict):
        return {}
    return {
        n: [list(pair) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
        for n, pairs in given.items()
        if isinstance(n, int) and isinstance(pairs, list)
    }


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each.replace("\\", "/").strip() for each in values if isinstance(each, str) and each.strip()]


def _candidates(root: str, path: str, value: str) -> Iterator[str]:
    """Where in an archive a folder may lie: paths in a foreign yaml are those of another machine."""
    for base in (posixpath.join(root, path), root, "", posixpath.basename(path.rstrip("/"))):
        joined = posixpath.normpath(posixpath.join("/", base, value)).strip("/")
        yield joined
    yield posixpath.normpath(value).replace("../", "").strip("/")


def split_of(name: str, folders: dict[str, str]) -> str:
    """The split of a picture by the deepest described folder around it, else by its folders' names."""
    folder = posixpath.dirname(name)
    while folder:
        if folder in folders:
            return folders[folder]
        folder = posixpath.dirname(folder)
    parts = [split_in(part) for part in posixpath.dirname(name).split("/") if part.lower() != "test_images"]
    return next((part for part in reversed(parts) if part), folders.get("", ""))

"""What many formats need: checked numbers, safe paths, splits by name, and where a picture's file lies. Pure."""

from __future__ import annotations

import math
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

IMAGES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".jp2", ".dng")
)
VIDEOS = frozenset((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts"))
_FARTHEST = 1e9
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val"}
_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+]+://[^/]*/(?P<path>.+)", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[a-z]+")


def finite(value: object) -> float | None:
    """A number from outside as a float; None for anything else, for NaN and for one beyond a thousand million.

    >>> finite(3), finite(True), finite(float("nan")), finite("3")
    (3.0, None, None, None)
    """
    if type(value) is not float and type(value) is not int:
        return None
    return float(value) if -_FARTHEST <= value <= _FARTHEST else None


def parsed(text: object) -> float | None:
    """A number from a text, as `finite` takes it.

    >>> parsed(" 1.5 "), parsed("1_0"), parsed("inf"), parsed("")
    (1.5, None, None, None)
    """
    if not isinstance(text, str) or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return finite(value) if math.isfinite(value) else None


def finites(values: object, count: int | None = None) -> list[float] | None:
    """All of a list as floats; None where one is no number, or there are not `count`."""
    if not isinstance(values, list) or (count is not None and len(values) != count):
        return None
    numbers = [finite(value) for value in values]
    return None if None in numbers else numbers  # type: ignore[return-value]


def whole(value: object, least: int = 0) -> int | None:
    """A whole number from `least` on, also where it was written as 3.0; None for anything else."""
    number = finite(value)
    return int(number) if number is not None and number == int(number) and number >= least else None


def plain(number: float) -> float:
    """Whole numbers without a fraction: as people write them.

    >>> plain(3.0), plain(2.5)
    (3, 2.5)
    """
    return int(number) if number == int(number) else number


def name_of(value: object) -> str:
    """A name from outside: a text or number in one line, in NFC; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(_text(str(value)).split())[:200]


def path_of(value: object) -> str:
    """A picture's key from what a file says: relative, with `/`, in NFC; "" when there is nothing to go by.

    A path that is absolute or climbs out keeps its last part only. An address on the net keeps all behind its host,
    since equal names under two of its folders are two pictures.

    >>> path_of("./a\\\\b.jpg"), path_of("/home/x/c.jpg"), path_of("../d.jpg"), path_of(3)
    ('a/b.jpg', 'c.jpg', 'd.jpg', '')
    >>> path_of("https://host/x/e%20f.jpg?size=2#top"), path_of("s3://bucket/x/g.jpg"), path_of("file:///home/h.jpg")
    ('x/e f.jpg', 'x/g.jpg', 'h.jpg')
    """
    if not isinstance(value, str):
        return ""
    path = _behind_host(_text(value).strip()).replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    outside = path.startswith("/") or ".." in parts or bool(re.match("[A-Za-z]:|[A-Za-z0-9+]+://", path))
    if outside:
        parts = [part for part in parts[-1:] if part != ".."]
    return "/".join(parts)


def _behind_host(path: str) -> str:
    """The path of an address, without what asks and what is jumped to; anything else as it is."""
    address = _ADDRESS.match(path)
    if address is None:
        return path
    bare = re.split("[?#]", address["path"], maxsplit=1)[0]
    return _text(unquote(bare)).lstrip("/")


def _text(value: str) -> str:
    """In NFC, without what neither a file name nor a database takes: halves of surrogate pairs and zeros."""
    return unicodedata.normalize("NFC", value.encode("utf-8", "replace").decode()).replace("\x00", "")


def split_in(name: str) -> str:
    """The split that a file's or folder's name speaks of.

    >>> split_in("instances_train2017"), split_in("VALID"), split_in("test-dev"), split_in("trainer"), split_in("all")
    ('train', 'val', 'test', '', '')
    """
    words = _WORD.findall(name.lower())
    if "test" in words or "testing" in words:
        return "test"
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def is_image(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in IMAGES


def is_video(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in VIDEOS


class Media:
    """The pictures' files among an archive's names, found by the path that a label file gives them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_last: dict[str, list[str]] = {}
        for name in names:
            if is_image(name) or is_video(name):
                self._by_last.setdefault(posixpath.basename(name), []).append(name)

    def find(self, path: str, split: str = "", near: str = "") -> str:
        """The entry whose name ends with `path`: of several the one of the split, near a folder, the shortest.

        >>> Media(["images/val/a/b.jpg", "images/train/a/b.jpg", "b.jpg"]).find("a/b.jpg", "train")
        'images/train/a/b.jpg'
        """
        known = self._by_last.get(posixpath.basename(path), ())
        fitting = [name for name in known if name == path or name.endswith("/" + path)]
        if len(fitting) < 2:
            return fitting[0] if fitting else ""

        def rank(name: str) -> tuple[bool, bool, int, str]:
            folder = name[: len(name) - len(path)]
            return not (split and split_in(folder) == split), not (near and name.startswith(near)), len(name), name

        return min(fitting, key=rank)


def frame_name(video: str, frame: int, suffix: str = ".jpg") -> str:
    """The name of a video's frame as an image, for formats of images.

    >>> frame_name("a/b.mp4", 7)
    'a/b.mp4/000007.jpg'
    """
    return f"{video}/{frame:06d}{suffix}"


def entry_path(value: Any) -> str:
    """A path for an archive: as `path_of`, never empty."""
    return path_of(value) or "unnamed"

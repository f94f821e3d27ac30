"""Exactly the frame that is named, of images and videos alike."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projects import pictures, videos
from projects.files import local_path
from projects.models import Asset, Video
from projects.models.library import Kind
from projects.readers import FrameReader, FrameUnreadable, Readers, Source
from projects.sniff import HEAD_BYTES, detect

__all__ = [
    "FrameOutOfRange",
    "FrameUnreadable",
    "encode_picture",
    "frame_etag",
    "picture",
    "read_frame",
    "read_frames",
    "source_of",
]

Pixels = NDArray[np.uint8]
encode_picture = pictures.encode

_ENCODER = 1  # raise it when the same frame would be encoded to other bytes: ETags are made with it
_ENCODED_BYTES = 64 * 2**20

readers = Readers()


class FrameOutOfRange(IndexError):
    """The asset has no frame of that number."""

    def __init__(self, asset: Asset, number: int) -> None:
        last = asset.frames - 1
        super().__init__(f"There is no frame {number}: the last one is {last}.")


def read_frame(asset: Asset, n: int = 0) -> Pixels:
    """Frame `n` (from 0, in display order), upright, as uint8 RGB of shape (asset.height, asset.width, 3).

    Raises:
        FrameOutOfRange: there is no such frame.
        FrameUnreadable: the stored file does not give it any more.
    """
    _check(asset, n)
    if asset.kind == Kind.IMAGE:
        return pictures.read(local_path(asset.picture))
    with readers.lend(str(asset.pk), n, lambda: source_of(asset)) as reader:
        return videos.to_pixels(reader.read(n), (asset.width, asset.height))


def read_frames(asset: Asset, numbers: Iterable[int]) -> Iterator[tuple[int, Pixels]]:
    """(n, frame) for each of `numbers`, ascending, without repeats, in one pass over the file.

    Raises:
        FrameOutOfRange, FrameUnreadable: as `read_frame`.
    """
    wanted = sorted(set(numbers))
    for n in (*wanted[:1], *wanted[-1:]):
        _check(asset, n)
    if asset.kind == Kind.IMAGE:
        yield from ((n, read_frame(asset, n)) for n in wanted)
        return
    reader = FrameReader(source_of(asset))  # one of its own: a long pass must not keep others waiting
    try:
        for n in wanted:
            yield n, videos.to_pixels(reader.read(n), (asset.width, asset.height))
    finally:
        reader.close()


def _check(asset: Asset, n: int) -> None:
    if not 0 <= n < asset.frames:
        raise FrameOutOfRange(asset, n)


def source_of(asset: Asset) -> Source:
    """What a reader of the asset's frames needs.

    Raises:
        FrameUnreadable: the stored file is no video any more.
    """
    video = Video.objects.get(pk=asset.pk)
    path = local_path(asset.file)
    with path.open("rb") as file:
        form = detect(file.read(HEAD_BYTES))
    if form is None:
        raise FrameUnreadable(f"The stored file of {asset.original_name} is no video any more.")
    return Source(path, form.decoder, video.marks, video.key_frames, video.mark)


class _Encoded:
    """Encoded frames that were asked for lately, at most `_ENCODED_BYTES` of them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._size += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._size > _ENCODED_BYTES:
                self._size -= len(self._kept.popitem(last=False)[1])


_encoded = _Encoded()


def frame_etag(asset: Asset, n: int, kind: str, width: int | None = None) -> str:
    """A strong ETag that needs no decoding: the content, the frame and how it is encoded name the bytes."""
    name = f"{asset.sha256} {n} {kind} {width} {_ENCODER}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def picture(asset: Asset, n: int, kind: str, width: int | None = None) -> bytes:
    """Frame `n` as the bytes of a jpeg, webp or png file, at most `width` pixels wide.

    Raises:
        FrameOutOfRange, FrameUnreadable: as `read_frame`.
    """
    _check(asset, n)
    stored = _as_stored(asset, kind, width)
    if stored is not None:
        return stored
    key = frame_etag(asset, n, kind, width)
    data = _encoded.get(key)
    if data is None:
        pixels: Any = read_frame(asset, n)
        data = encode_picture(pictures.shrink(pixels, width) if width else pixels, kind)
        _encoded.put(key, data)
    return data


def _as_stored(asset: Asset, kind: str, width: int | None) -> bytes | None:
    """An image's own file, where it already is what was asked for."""
    if asset.kind != Kind.IMAGE or (width and width < asset.width):
        return None
    extension = {"jpeg": ".jpg", "webp": ".webp", "png": ".png"}[kind]
    return local_path(asset.picture).read_bytes() if asset.picture.name.endswith(extension) else None

"""Pictures from outside: checked by their header, decoded once, made upright and 8 bits deep. Knows no Django."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from projects import tiles

THUMBNAIL_SIDE = 320
PREVIEW_SIDE = 1600
Pixels = NDArray[np.uint8]

_MEND = {
    "truncated": "Part of the file is missing: copy or export it again and upload the whole of it.",
    "broken": "Open it in an image editor and save it again as PNG or JPEG.",
}


class Refused(Exception):
    """A file that cannot be taken in. `detail` says what is wrong with it and how to mend that."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass
class Picture:
    """What became of a picture: `upright`, `thumbnail` and, of a huge one, `preview` and `tiles` are names of files in
    the given folder."""

    width: int
    height: int
    thumbnail: str
    upright: str = ""
    preview: str = ""
    tiles: str = ""
    notes: list[str] = field(default_factory=list)


def take_in(source: Path, decoder: str, folder: Path, max_pixels: int) -> Picture:
    """Decode the picture at `source` fully; write its thumbnail, and an upright copy where one is needed.

    A copy is needed where browsers and trainers would not show the pixels that the file means: a rotation
    in EXIF, TIFF, CMYK, more than 8 bits, transparency, more than one picture in the file.

    Raises:
        Refused: too many pixels, truncated, broken.
    """
    with _open(source, decoder, max_pixels) as image:
        upright, several = _load(image)
        deep = image.mode.startswith(("I", "F"))
        pixels = _flat(upright)
        notes = []
        if several:
            notes.append("The file holds several pictures; the first one was taken.")
        if deep:
            notes.append("More than 8 bits deep: shown stretched from its darkest to its brightest value.")
        picture = Picture(*pixels.size, thumbnail=_thumbnail(pixels, folder), notes=notes)
        if several or decoder == "TIFF" or pixels is not image:
            picture.upright = _copy(pixels, folder, lossy=decoder == "JPEG")
        if pixels.width * pixels.height > tiles.HUGE_PIXELS:
            _cut(pixels, folder, picture)
        return picture


@contextmanager
def _open(source: Path, decoder: str, max_pixels: int) -> Any:
    """The picture, its header read and no pixel decoded yet."""
    Image.MAX_IMAGE_PIXELS = None  # our own cap, below, is the one that counts
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(source, formats=[decoder])
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, OverflowError) as error:
        raise _refusal(error, decoder) from error
    with image:
        width, height = image.size
        if width * height > max_pixels:
            raise Refused(
                "too-many-pixels",
                f"The picture is {width} x {height} pixels; at most {max_pixels / 1e6:g} million are taken. "
                "Scale it down, or cut it into tiles.",
            )
        yield image


def _load(image: Image.Image) -> tuple[Image.Image, bool]:
    """The decoded picture, turned as its EXIF says (the very object where it says nothing); is it one of several?"""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            several = getattr(image, "n_frames", 1) > 1
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
            return (ImageOps.exif_transpose(image) if turned else image), several
    except MemoryError:
        raise
    except Exception as error:  # decoders raise almost anything on bytes made to break them
        raise _refusal(error, image.format or "picture") from error


def _refusal(error: Exception, decoder: str) -> Refused:
    words = str(error).lower()
    cut = any(word in words for word in ("truncated", "unexpected end", "not enough", "premature", "eof"))
    code = "truncated" if cut else "broken"
    what = f"The {decoder} file is cut off" if cut else f"The {decoder} file is damaged and cannot be decoded"
    return Refused(code, f"{what}. {_MEND[code]}")


def _flat(image: Image.Image) -> Image.Image:
    """The same picture in RGB or grey, 8 bits; the very object where it already is so."""
    if image.mode.startswith(("I", "F")):
        return _stretch(image)
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        if np.asarray(with_alpha.getchannel("A")).min() < 255:
            white = Image.new("RGBA", with_alpha.size, "white")
            return Image.alpha_composite(white, with_alpha).convert("RGB")
    return image if image.mode in {"1", "L", "P", "RGB", "RGBA", "RGBX"} else image.convert("RGB")


def _stretch(image: Image.Image) -> Image.Image:
    """Deep grey values to 0..255, linear from the lowest to the highest finite one."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    values -= low
    values *= 255.0 / (high - low) if high > low else 0.0
    return Image.fromarray(values.round().astype(np.uint8))


def _cut(image: Image.Image, folder: Path, picture: Picture) -> None:
    """What a huge picture is shown by before all of it is there."""
    _small(image, PREVIEW_SIDE).save(folder / "preview.webp", quality=85, method=2)
    tiles.write(image, folder / "tiles.bin")
    picture.preview, picture.tiles = "preview.webp", "tiles.bin"


def _thumbnail(image: Image.Image, folder: Path) -> str:
    _small(image, THUMBNAIL_SIDE).save(folder / "thumbnail.webp", quality=80, method=2)
    return "thumbnail.webp"


def _small(image: Image.Image, side: int) -> Image.Image:
    """The picture in RGB, its longer side at most `side` pixels."""
    small = image.convert("RGB") if image.mode not in {"L", "RGB"} else image
    scale = side / max(small.size)
    if scale < 1:
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return small.convert("RGB")


def _copy(image: Image.Image, folder: Path, lossy: bool) -> str:
    """Write the pixels alone, without EXIF: a second rotation must not be possible."""
    bare = image.convert("L" if image.mode in {"1", "L"} else "RGB")
    bare.info.clear()
    if lossy:
        bare.save(folder / "upright.jpg", quality=95)
        return "upright.jpg"
    bare.save(folder / "upright.png", compress_level=3)
    return "upright.png"


def read(source: Path | BytesIO) -> Pixels:
    """The pixels of a picture that `take_in` has accepted or written: uint8 RGB, shape (height, width, 3)."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source) as image:
        return np.asarray(image.convert("RGB"))


def encode(pixels: Pixels, kind: str, quality: int = 90) -> bytes:
    """A JPEG, WebP or PNG file of uint8 RGB pixels, shape (height, width, 3)."""
    output = BytesIO()
    image = Image.fromarray(pixels)
    if kind == "png":
        image.save(output, "PNG", compress_level=1)
    elif kind == "webp":
        image.save(output, "WEBP", quality=quality, method=1)
    elif kind == "jpeg":
        image.save(output, "JPEG", quality=quality)
    else:
        raise ValueError(f"{kind!r} is none of jpeg, webp, png")
    return output.getvalue()


def shrink(pixels: Pixels, width: int) -> Pixels:
    """The same picture at most `width` pixels wide."""
    height, full = pixels.shape[:2]
    if width >= full:
        return pixels
    size = (width, max(1, round(height * width / full)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def thumbnail_of(pixels: Pixels, folder: Path) -> str:
    """Write the thumbnail of decoded pixels into `folder`; its file name."""
    return _thumbnail(Image.fromarray(pixels), folder)

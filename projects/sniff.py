"""What a file is, by its first bytes. A name is a claim; bytes are what a decoder will meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 600


@dataclass(frozen=True)
class Format:
    """A kind of file that can be taken in: how Pillow or FFmpeg call it, and how it is stored and served."""

    kind: Literal["image", "video"]
    name: str
    decoder: str
    extension: str
    content_type: str


JPEG = Format("image", "JPEG", "JPEG", ".jpg", "image/jpeg")
PNG = Format("image", "PNG", "PNG", ".png", "image/png")
WEBP = Format("image", "WebP", "WEBP", ".webp", "image/webp")
BMP = Format("image", "BMP", "BMP", ".bmp", "image/bmp")
TIFF = Format("image", "TIFF", "TIFF", ".tif", "image/tiff")
MP4 = Format("video", "MP4", "mov", ".mp4", "video/mp4")
MOV = Format("video", "MOV", "mov", ".mov", "video/quicktime")
MKV = Format("video", "MKV", "matroska", ".mkv", "video/x-matroska")
WEBM = Format("video", "WebM", "matroska", ".webm", "video/webm")
AVI = Format("video", "AVI", "avi", ".avi", "video/x-msvideo")
MPEG_TS = Format("video", "MPEG-TS", "mpegts", ".ts", "video/mp2t")

FORMATS = (JPEG, PNG, WEBP, BMP, TIFF, MP4, MOV, MKV, WEBM, AVI, MPEG_TS)
ACCEPTED = "JPEG, PNG, WebP, BMP, TIFF pictures and MP4, MOV, MKV, WebM, AVI videos"

_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"BM", BMP),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
)
_STILLS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
_MOV_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_OTHERS = (
    (b"GIF8", "a GIF; save it as PNG, or as MP4 if it moves"),
    (b"%PDF", "a PDF; export its pages as PNG"),
    (b"PK\x03\x04", "a zip archive; unpack it, or import it with its labels"),
    (b"8BPS", "a Photoshop file; export it as PNG"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"<svg", "an SVG drawing; export it as PNG"),
)


def detect(head: bytes) -> Format | None:
    """The format of a file that begins with `head` (give at least `HEAD_BYTES` where there are as many).

    >>> detect(b"\\xff\\xd8\\xff\\xe0 and so on").name
    'JPEG'
    >>> detect(b"just some text") is None
    True
    """
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": AVI}.get(head[8:12])
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return WEBM if b"webm" in head[:64] else MKV
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return None if brand in _STILLS else MOV if brand == b"qt  " else MP4
    if head[4:8] in _MOV_BOXES:
        return MOV
    return MPEG_TS if _transport_stream(head) else None


def _transport_stream(head: bytes) -> bool:
    """MPEG-TS: a sync byte at every 188th place."""
    return len(head) > 376 and head[0] == head[188] == head[376] == 0x47


def describe(head: bytes) -> str:
    """What a refused file seems to be, as the end of a sentence that starts with 'This is'."""
    if head[4:8] == b"ftyp" and head[8:12] in _STILLS:
        return "a HEIC, AVIF or camera raw picture; save it as JPEG or PNG"
    for start, words in _OTHERS:
        if head.lstrip()[: len(start)] == start:
            return words
    return "no picture or video that Frameloop can read"

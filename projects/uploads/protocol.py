"""tus 1.0.0, the protocol of resumable uploads, without sockets and storage: headers in, facts and headers out.

Source: https://tus.io/protocols/resumable-upload (core; extensions creation, creation-with-upload,
creation-defer-length, expiration, checksum, termination).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum", "termination")
ALGORITHMS = ("sha1", "sha256", "md5")
BODY_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460  # tus's own status, not in RFC 9110
_DIGEST_BYTES = {"sha1": 20, "sha256": 32, "md5": 16}
_MOST_METADATA = 8192
_MOST_PAIRS = 32
_WHOLE = re.compile(r"[0-9]{1,19}")
_KEY = re.compile(r"[!-+\--~]+")  # ASCII without spaces and commas


class TusError(Exception):
    """A request that the protocol does not allow; `status` is what tus answers, `detail` how to mend it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Checksum:
    algorithm: str
    digest: bytes


@dataclass(frozen=True)
class Creation:
    """What a client says of a new upload. length: bytes; None while it defers saying so."""

    length: int | None
    metadata: dict[str, str] = field(default_factory=dict)


def require_version(headers: Mapping[str, str]) -> None:
    """Refuse a client that speaks another version, or does not say which."""
    given = headers.get("Tus-Resumable")
    if given != VERSION:
        said = f"{given[:20]!r}" if given else "none"
        raise TusError(412, "tus-version", f"The header Tus-Resumable has to be {VERSION}; it is {said}.")


def require_body_type(headers: Mapping[str, str]) -> None:
    if not has_body(headers):
        raise TusError(415, "content-type", f"The bytes of an upload come with Content-Type: {BODY_TYPE}.")


def has_body(headers: Mapping[str, str]) -> bool:
    """Whether the request carries bytes of an upload."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == BODY_TYPE


def parse_creation(headers: Mapping[str, str], most: int) -> Creation:
    """The upload that a POST asks for; `most` is the largest length that is taken.

    Raises:
        TusError: 400 for headers that are missing or make no sense, 413 above `most`.
    """
    length = parse_length(headers, most)
    deferred = headers.get("Upload-Defer-Length")
    if deferred not in (None, "1"):
        raise TusError(400, "defer-length", "The header Upload-Defer-Length can only be 1.")
    if (length is None) == (deferred is None):
        raise TusError(400, "no-length", "Say either Upload-Length (bytes) or Upload-Defer-Length: 1.")
    return Creation(length, parse_metadata(headers.get("Upload-Metadata", "")))


def parse_length(headers: Mapping[str, str], most: int) -> int | None:
    """Upload-Length in bytes; None where the header is missing."""
    length = _whole(headers, "Upload-Length")
    if length is not None and length > most:
        raise TusError(413, "too-large", f"An upload may have at most {most:,} bytes; this one has {length:,}.")
    return length


def parse_offset(headers: Mapping[str, str]) -> int:
    """Upload-Offset, which every PATCH has to have."""
    offset = _whole(headers, "Upload-Offset")
    if offset is None:
        raise TusError(400, "no-offset", "Upload-Offset is missing: say after how many bytes these go.")
    return offset


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text):
        raise TusError(400, "bad-header", f"{name} is {text[:40]!r}: it has to be a whole number, not negative.")
    return int(text)


def parse_metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: `name YS5qcGc=,checked` and so on; keys once each, values UTF-8 in base64, or none at all.

    >>> parse_metadata("filename YS5qcGc=,checked")
    {'filename': 'a.jpg', 'checked': ''}
    """
    if len(header) > _MOST_METADATA:
        raise TusError(400, "metadata", f"Upload-Metadata is longer than {_MOST_METADATA:,} characters.")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, value = _pair(pair.strip())
        if key in found:
            raise TusError(400, "metadata", f"Upload-Metadata has the key {key[:40]!r} twice.")
        found[key] = value
    if len(found) > _MOST_PAIRS:
        raise TusError(400, "metadata", f"Upload-Metadata has more than {_MOST_PAIRS} keys.")
    return found


def _pair(text: str) -> tuple[str, str]:
    key, space, encoded = text.partition(" ")
    if not _KEY.fullmatch(key):
        raise TusError(400, "metadata", f"Upload-Metadata has {text[:40]!r}, which is no key with a value in base64.")
    try:
        value = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise TusError(
            400, "metadata", f"The value of {key[:40]!r} in Upload-Metadata is no UTF-8 in base64."
        ) from None
    if "\0" in value:
        raise TusError(400, "metadata", f"The value of {key[:40]!r} in Upload-Metadata has a NUL in it.")
    return key, value


def format_metadata(metadata: Mapping[str, str]) -> str:
    """The header that `parse_metadata` reads.

    >>> format_metadata({"filename": "a.jpg", "checked": ""})
    'filename YS5qcGc=,checked'
    """
    pairs = ((key, base64.b64encode(value.encode()).decode()) for key, value in metadata.items())
    return ",".join(f"{key} {value}".rstrip() for key, value in pairs)


def parse_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Upload-Checksum: `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`; None where the header is missing."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise TusError(400, "checksum-algorithm", f"{algorithm[:20]!r} is no checksum that is known here: {known}.")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != _DIGEST_BYTES[algorithm]:
        raise TusError(400, "checksum", f"Upload-Checksum has to be {algorithm}, a space and the digest in base64.")
    return Checksum(algorithm, digest)


def check_start(given: int, offset: int) -> None:
    """Bytes may only follow what is here already."""
    if given != offset:
        raise TusError(409, "offset", f"The upload has {offset:,} bytes, not {given:,}: ask by HEAD and go on there.")


def settle_length(known: int | None, said: int | None, offset: int) -> int | None:
    """The upload's length after a PATCH that may say the one that was deferred; it never changes once said."""
    if said is None or said == known:
        return known
    if known is not None:
        raise TusError(400, "length", f"The upload's length is {known:,} bytes and stays so; this says {said:,}.")
    if said < offset:
        raise TusError(400, "length", f"The upload has {offset:,} bytes already: it cannot end after {said:,}.")
    return said


def check_end(offset: int, more: int, length: int) -> None:
    """No byte goes beyond the upload's length."""
    if offset + more > length:
        raise TusError(
            413, "beyond-length", f"{more:,} bytes after {offset:,} are more than the {length:,} of the upload."
        )


def describe(most: int) -> dict[str, str]:
    """The headers that answer OPTIONS."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Max-Size": str(most),
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def standing(offset: int, length: int | None, metadata: Mapping[str, str], expires: datetime | None) -> dict[str, str]:
    """The headers that answer HEAD: how far an upload is."""
    headers = {"Upload-Offset": str(offset)}
    headers |= {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    if metadata:
        headers["Upload-Metadata"] = format_metadata(metadata)
    return headers | expiry(expires)


def expiry(expires: datetime | None) -> dict[str, str]:
    """Upload-Expires, in the date format of RFC 9110 (section 5.6.7); nothing for an upload that stays."""
    return {"Upload-Expires": format_datetime(expires.astimezone(UTC), usegmt=True)} if expires else {}


def overridden(method: str, headers: Mapping[str, str], known: Iterable[str]) -> str:
    """The method that is meant: what X-HTTP-Method-Override says on a POST, for clients that can send no other."""
    meant = headers.get("X-HTTP-Method-Override", "").upper()
    return meant if method == "POST" and meant in known else method

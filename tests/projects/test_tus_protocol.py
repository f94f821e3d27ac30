"""tus 1.0.0 as headers: what is taken, what is refused, and with which status."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from projects.uploads import protocol
from projects.uploads.protocol import BODY_TYPE, TusError


def status(call, *args) -> int:
    with pytest.raises(TusError) as refused:
        call(*args)
    assert len(refused.value.detail) > 20
    return refused.value.status


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "1.0"}])
def test_another_version(headers):
    assert status(protocol.require_version, headers) == 412


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "multipart/form-data"])
def test_another_kind_of_body(kind):
    assert status(protocol.require_body_type, {"Content-Type": kind}) == 415
    protocol.require_body_type({"Content-Type": f"{BODY_TYPE.upper()}; charset=x"})


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "1.5"}, 400),
        ({"Upload-Length": "0x10"}, 400),
        ({"Upload-Length": "\u0661"}, 400),  # a digit, but not of ASCII
        ({"Upload-Length": ""}, 400),
        ({"Upload-Length": "9" * 30}, 400),
        ({"Upload-Length": "1001"}, 413),
        ({"Upload-Length": "1", "Upload-Defer-Length": "1"}, 400),
        ({"Upload-Defer-Length": "0"}, 400),
        ({"Upload-Length": "1", "Upload-Metadata": "filename YS5qcGc=,filename YS5qcGc="}, 400),
    ],
)
def test_a_creation_that_is_refused(headers, answer):
    assert status(protocol.parse_creation, headers, 1000) == answer


@pytest.mark.parametrize(("headers", "length"), [({"Upload-Length": "0"}, 0), ({"Upload-Length": "1000"}, 1000)])
def test_a_creation(headers, length):
    assert protocol.parse_creation(headers, 1000).length == length
    assert protocol.parse_creation({"Upload-Defer-Length": "1"}, 1000).length is None


@pytest.mark.parametrize(
    "header",
    [
        "filename",
        "filename YS5qcGc=,checked ,empty",
        " filename YS5qcGc= , checked",
        "filename " + base64.b64encode("Straße/äöü.png".encode()).decode(),
    ],
)
def test_metadata_goes_there_and_back(header):
    found = protocol.parse_metadata(header)
    assert protocol.parse_metadata(protocol.format_metadata(found)) == found


@pytest.mark.parametrize(
    "header",
    [
        "filename not-base64!",
        "filename YS5qcGc",  # cut off
        "filename /w==",  # no UTF-8
        "filename AA==",  # a NUL
        "a YQ==,a Yg==",
        ",",
        "a YQ==,",
        "naïve YQ==",
        "filename YS5q cGc=",
        "x " + "A" * 9000,
        ",".join(f"k{n} YQ==" for n in range(33)),
    ],
)
def test_metadata_that_is_refused(header):
    assert status(protocol.parse_metadata, header) == 400


@pytest.mark.parametrize("name", protocol.ALGORITHMS)
def test_a_checksum(name):
    digest = hashlib.new(name, b"x").digest()
    header = {"Upload-Checksum": f"{name} {base64.b64encode(digest).decode()}"}
    assert protocol.parse_checksum(header) == protocol.Checksum(name, digest)


@pytest.mark.parametrize(
    "text", ["", "crc32 AAAA", "sha1", "sha1 AAAA", "sha1 !!!!", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="]
)
def test_a_checksum_that_is_refused(text):
    assert status(protocol.parse_checksum, {"Upload-Checksum": text}) == 400


def test_bytes_follow_bytes():
    protocol.check_start(5, 5)
    assert status(protocol.check_start, 4, 5) == 409
    protocol.check_end(5, 5, 10)
    assert status(protocol.check_end, 5, 6, 10) == 413
    assert status(protocol.parse_offset, {}) == 400


def test_a_length_is_said_once():
    assert protocol.settle_length(None, None, 5) is None
    assert protocol.settle_length(None, 5, 5) == 5
    assert protocol.settle_length(10, 10, 5) == 10
    assert status(protocol.settle_length, 10, 11, 5) == 400
    assert status(protocol.settle_length, None, 4, 5) == 400


def test_how_far_it_is():
    east = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=2)))
    assert protocol.standing(3, None, {"a": "b"}, east) == {
        "Upload-Offset": "3",
        "Upload-Defer-Length": "1",
        "Upload-Metadata": "a Yg==",
        "Upload-Expires": "Mon, 05 Jan 2026 10:00:00 GMT",
    }
    assert protocol.standing(0, 4, {}, None) == {"Upload-Offset": "0", "Upload-Length": "4"}
    assert protocol.expiry(datetime(2026, 1, 5, tzinfo=UTC))["Upload-Expires"].endswith("GMT")


def test_the_method_that_is_meant():
    headers = {"X-HTTP-Method-Override": "patch"}
    assert protocol.overridden("POST", headers, ("PATCH",)) == "PATCH"
    assert protocol.overridden("GET", headers, ("PATCH",)) == "GET"
    assert protocol.overridden("POST", {"X-HTTP-Method-Override": "PUT"}, ("PATCH",)) == "POST"

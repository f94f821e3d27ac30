"""A camera's address may not lead into this machine, its cloud or, where that is forbidden, the local network."""

from __future__ import annotations

import pytest

from streaming.addresses import AddressError, Rules, check_address, check_url, pinned, resolve, split_credentials

OPEN, CLOSED = Rules(private=True), Rules(private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
    ],
)
def test_never_allowed(address) -> None:
    with pytest.raises(AddressError, match="not allowed"):
        check_address(address, OPEN)


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.20", "172.16.3.4", "fd12:3456::1"])
def test_private_networks_are_the_operators_choice(address) -> None:
    check_address(address, OPEN)
    with pytest.raises(AddressError, match="ALLOW_PRIVATE_CAMERAS"):
        check_address(address, CLOSED)


def test_public_addresses_are_allowed() -> None:
    check_address("93.184.215.14", CLOSED)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://localhost/"])
def test_other_spellings_of_this_machine(url) -> None:
    with pytest.raises(AddressError):
        resolve(check_url(url, "http"), OPEN)
    assert resolve(check_url(url, "http"), Rules(loopback=True))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "begins with file"),
        ("10.0.0.5/live", "no scheme"),
        ("rtsp://", "no host"),
        ("rtsp://10.0.0.5:99999/", "no address"),
        ("rtsp://10.0.0.5/a b", "spaces"),
        ("http://10.0.0.5/", "begins with http"),
    ],
)
def test_what_is_no_rtsp_address(url, words) -> None:
    with pytest.raises(AddressError, match=words):
        check_url(url, "rtsp")


def test_credentials_are_split_off() -> None:
    assert split_credentials("http://u:p@h:81/x?y=1") == ("http://h:81/x?y=1", "u:p")
    assert split_credentials("http://h/x") == ("http://h/x", "")


def test_a_pinned_url_goes_to_the_checked_address() -> None:
    parts = check_url("rtsp://camera.example/live?x=1", "rtsp")
    assert pinned(parts, "10.0.0.5", "u:p%40") == "rtsp://u:p%40@10.0.0.5:554/live?x=1"
    assert pinned(parts, "fd12::5") == "rtsp://[fd12::5]:554/live?x=1"

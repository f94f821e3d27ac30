"""What the one guard of outgoing connections lets through, whatever dress an address wears."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from projects.guard import AddressError, Rules, check_address, check_url, pinned, resolve

CLOSED = Rules(private=False, setting="the operator")
NAMED = Rules(private=False, networks=(ip_network("10.1.0.0/16"), ip_network("fd12::/16")))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd12::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:10.1.2.3",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_nothing_inside_is_reached(address):
    with pytest.raises(AddressError):
        check_address(address, CLOSED)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_the_world_is_open(address):
    check_address(address, CLOSED)


def test_only_the_networks_that_are_named():
    check_address("10.1.2.3", NAMED)
    check_address("::ffff:10.1.2.3", NAMED)
    check_address("fd12::7", NAMED)
    for address in ("10.2.0.1", "192.168.0.1", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(AddressError):
            check_address(address, NAMED)


def test_a_wide_network_means_neither_this_machine_nor_the_cloud():
    wide = Rules(private=False, networks=(ip_network("0.0.0.0/0"),))
    check_address("192.168.0.1", wide)
    for address in ("127.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1"):
        with pytest.raises(AddressError):
            check_address(address, wide)
    check_address("127.0.0.1", Rules(private=False, networks=(ip_network("127.0.0.1/32"),)))


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_this_machine(host):
    with pytest.raises(AddressError):
        resolve(check_url(f"http://{host}/a.jpg", ("http",)), CLOSED)


def test_the_connection_goes_to_what_was_checked():
    parts = check_url("https://h.example:8443/a.jpg?x=1", ("http", "https"))
    assert pinned(parts, "93.184.215.14") == "https://93.184.215.14:8443/a.jpg?x=1"

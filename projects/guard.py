"""Which addresses this server may open for somebody: the one guard of cameras, files by address and buckets. Pure.

A host is resolved once, every address of it is checked, and the connection goes to a checked one (`pinned`), so that a
second look-up cannot lead elsewhere. Whoever follows a redirect checks it like the first address.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

# Where clouds hand out credentials to whoever asks from inside; not all of these are link-local.
_METADATA = {ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is reached


class AddressError(ValueError):
    """An address that may not be opened, or is none; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows: private networks (all, or some of them), and this machine itself.

    setting: where the operator says so, for the refusal.
    """

    private: bool = True
    loopback: bool = False
    networks: tuple[Network, ...] = ()
    setting: str = "ALLOW_PRIVATE_CAMERAS=false"


def check_url(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a URL.

    Raises:
        AddressError: another scheme than `schemes`, no host, or a bad port.
    """
    expected = " or ".join(f"{scheme}://" for scheme in schemes)
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise AddressError("The address has spaces in it: write %20 for a space.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"This is no address: expected {expected}host[:port]/path.") from None
    if parts.scheme not in schemes:
        raise AddressError(f"The address begins with {parts.scheme or 'no scheme'}: expected {expected}host/path.")
    if not parts.hostname or port == 0:
        raise AddressError(f"The address has no host: expected {expected}host[:port]/path.")
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or DEFAULT_PORTS[parts.scheme]


def _reached(address: str) -> Address:
    """The address that a connection ends at: an IPv4 one may be dressed as IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


def check_address(address: str, rules: Rules) -> None:
    """Refuses what no file and no camera is at, so that a URL cannot reach into this machine or its cloud.

    Raises:
        AddressError: link-local, metadata, multicast and unspecified addresses always; loopback and private ones
            where the operator does not allow them.
    """
    ip = _reached(address)
    if ip.is_loopback and (rules.loopback or _named(ip, rules)):
        return
    if ip in _METADATA or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
        raise AddressError(f"{address} is not allowed: give the address of another machine on the network.")
    if not ip.is_global and not rules.private and not _named(ip, rules):
        raise AddressError(f"{address} is in a private network, which {rules.setting} forbids.")


def _named(ip: Address, rules: Rules) -> bool:
    """Is it in a network that the operator named? A wide one, such as 0.0.0.0/0, does not mean this machine."""
    return any(ip in network and network.is_loopback == ip.is_loopback for network in rules.networks)


def resolve(parts: SplitResult, rules: Rules) -> str:
    """One address of the URL's host, after every one of them was checked.

    Raises:
        AddressError: the host is unknown, or one of its addresses is not allowed.
    """
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, port_of(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressError(f"There is no host named {host}: is the address spelled right?") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        check_address(address, rules)
    return addresses[0]


def pinned(parts: SplitResult, address: str, credentials: str = "") -> str:
    """The URL with the checked address in place of the host, so that a second look-up cannot change it."""
    host = f"[{address}]" if ":" in address else address
    login = f"{quote(credentials, safe='%:')}@" if credentials else ""
    return urlunsplit(parts._replace(netloc=f"{login}{host}:{port_of(parts)}"))

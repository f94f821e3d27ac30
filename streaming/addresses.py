"""Which camera addresses may be opened, and how their credentials are kept apart. Pure."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

SCHEMES = {"rtsp": ("rtsp", "rtsps"), "http": ("http", "https")}
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

# Where clouds hand out credentials to whoever asks from inside; the IPv6 one is no link-local address.
_METADATA = {ipaddress.ip_address("169.254.169.254"), ipaddress.ip_address("fd00:ec2::254")}


class AddressError(ValueError):
    """An address that may not be opened, or is none; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows: private networks, and this machine itself."""

    private: bool = True
    loopback: bool = False


def split_credentials(url: str) -> tuple[str, str]:
    """The URL without its user and password, and `user:password` (still percent-encoded), or ''.

    >>> split_credentials("rtsp://admin:p%40ss@10.0.0.5/live")
    ('rtsp://10.0.0.5/live', 'admin:p%40ss')
    """
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), credentials


def pair(credentials: str) -> tuple[str, str] | None:
    """User and password, decoded.

    >>> pair("admin:p%40ss")
    ('admin', 'p@ss')
    """
    user, _, password = credentials.partition(":")
    return (unquote(user), unquote(password)) if credentials else None


def join(user: str, password: str) -> str:
    """
    >>> join("admin", "p@ss")
    'admin:p%40ss'
    """
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def check_url(url: str, kind: str) -> SplitResult:
    """The parts of a camera's URL.

    Raises:
        AddressError: a scheme that `kind` (rtsp or http) does not take, no host, or a bad port.
    """
    expected = " or ".join(f"{scheme}://" for scheme in SCHEMES[kind])
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise AddressError("The address has spaces in it: write %20 for a space.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"This is no address: expected {expected}host[:port]/path.") from None
    if parts.scheme not in SCHEMES[kind]:
        raise AddressError(f"The address begins with {parts.scheme or 'no scheme'}: expected {expected}host/path.")
    if not parts.hostname or port == 0:
        raise AddressError(f"The address has no host: expected {expected}host[:port]/path.")
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def check_address(address: str, rules: Rules) -> None:
    """Refuses what no camera is at, so that a URL cannot reach into this machine or its cloud.

    Raises:
        AddressError: loopback, link-local, metadata, multicast and unspecified addresses always;
            private ones where the operator does not allow them.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback and rules.loopback:
        return
    if ip in _METADATA or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
        raise AddressError(f"{address} is not allowed: give the camera's own address on the network.")
    if not ip.is_global and not rules.private:
        raise AddressError(f"{address} is in a private network, which ALLOW_PRIVATE_CAMERAS=false forbids.")


def resolve(parts: SplitResult, rules: Rules) -> str:
    """One address of the URL's host, after every one of them was checked.

    Raises:
        AddressError: the host is unknown, or one of its addresses is not allowed.
    """
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, port_of(parts), type=socket.SOCK_STREAM)
    except OSError:
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

"""Which addresses a solver's host may resolve to. A name is resolved once, and what was checked is connected to."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_NEVER: Final = (
    ip_network("fec0::/10"),  # site-local, deprecated, and still routed in some places
    ip_network("64:ff9b:1::/48"),  # NAT64 of a network of its own (RFC 8215)
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("168.63.129.16/32"),  # a cloud's own service, at a public address
)
_NAT64: Final = ip_network("64:ff9b::/96")


class AddressRefused(Exception):
    """The host is not one that the venue connects to. The text names the host, never what it resolves to."""


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of `host`, each of them checked. Raises `AddressRefused` if one is not allowed, `OSError`."""
    found = [str(where[0]).partition("%")[0] for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not is_allowed(address, allow_private=allow_private):
            raise AddressRefused(f"{host} resolves to an address that is not public")
    return list(dict.fromkeys(found))


def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Public unicast, and with `allow_private` loopback and private networks; link-local ones (metadata) never."""
    ip = _innermost(ip_address(address))
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local or ip.is_reserved:
        return False
    if any(ip in network for network in _NEVER):
        return False
    return ip.is_global or (allow_private and ip.is_private)


def _innermost(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv6 address that stands for an IPv4 one is judged by that."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)

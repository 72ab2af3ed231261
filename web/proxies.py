"""Who a request comes from: what proxies say of it is believed from named networks alone (TRUSTED_PROXIES)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from intendly.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """Puts the client's address and scheme in the place of the last proxy's, before Flask sees the request.

    From the right of X-Forwarded-For, the first address that is not a trusted proxy's is the client's: what stands
    left of it was said by the client itself. X-Forwarded-Proto counts where the proxy is trusted.
    """

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], networks: Sequence[Network]) -> None:
        self._wsgi = wsgi
        self._networks = networks

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        peer = address_of(environ.get("REMOTE_ADDR", ""))
        environ["wsgi.url_scheme"] = "http"
        if peer is not None and is_trusted(peer, self._networks):
            environ["REMOTE_ADDR"] = str(self._client(peer, environ.get("HTTP_X_FORWARDED_FOR", "")))
            if environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https":
                environ["wsgi.url_scheme"] = "https"
        return self._wsgi(environ, start_response)

    def _client(self, peer: Address, forwarded: str) -> Address:
        client = peer
        for word in reversed(forwarded.split(",") if forwarded else []):
            before = address_of(word.strip())
            if before is None:
                break
            client = before
            if not is_trusted(before, self._networks):
                break
        return client


def is_trusted(address: Address, networks: Iterable[Network]) -> bool:
    """Whether it is a trusted proxy's."""
    return any(address in network for network in networks)


def address_of(text: str) -> Address | None:
    """An IPv4 address that is written as one of IPv6 is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

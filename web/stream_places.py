"""How many connections each address has: of IPv6 a network of 64 bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from intendly.settings import Settings
from web.budgets import place_of
from web.proxies import address_of, is_trusted

SPARE: Final = 16
"""Sockets of one address beyond WS_MAX_PER_ADDRESS, so that its next request is told why it is refused."""


class Places:
    """Up to `most` for each address."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._of: Counter[str] = Counter()

    def has_room(self, address: str) -> bool:
        return self._of[place_of(address)] < self.most

    def take(self, address: str) -> None:
        self._of[place_of(address)] += 1

    def leave(self, address: str) -> None:
        place = place_of(address)
        self._of[place] -= 1
        if not self._of[place]:
            del self._of[place]


class Sockets:
    """All sockets, also those that send nothing: a trusted proxy has as many as it likes, everyone else a share."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = settings.proxy_networks
        self._places = Places(settings.ws_max_per_address + SPARE)
        self.open = 0

    @contextmanager
    def admitted(self, peer: str) -> Iterator[bool]:
        """Whether the socket that comes from `peer` may stay; it is counted for as long as the block runs."""
        address = address_of(peer)
        counted = address is not None and not is_trusted(address, self._proxies)
        if counted and not self._places.has_room(str(address)):
            yield False
            return
        self.open += 1
        if counted:
            self._places.take(str(address))
        try:
            yield True
        finally:
            self.open -= 1
            if counted:
                self._places.leave(str(address))

"""What the bids that may still win have promised, so that the next bid does not promise it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from intendly_sdk.primitives import Hash32

Key = TypeVar("Key", bound=Hashable)
GRACE_SECONDS = 2
"""A fill may be mined in the last second that a bid allows, and is seen a little later."""


class LiveBids(Generic[Key]):
    """Amounts by key (a token, a pool's side), each until its bid is decided or can't be mined any more."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._bids: dict[Hash32, tuple[float, Mapping[Key, int]]] = {}

    def promised(self, auction_id: Hash32) -> dict[Key, int]:
        """What the live bids in other auctions than this one have promised."""
        with self._lock:
            return self._promised(auction_id)

    def put(self, auction_id: Hash32, amounts: Mapping[Key, int], valid_until: int) -> None:
        """Remember a bid; it takes the place of an earlier one in the same auction."""
        with self._lock:
            self._bids[auction_id] = (valid_until + GRACE_SECONDS, dict(amounts))

    def put_within(
        self, auction_id: Hash32, amounts: Mapping[Key, int], held: Mapping[Key, int], valid_until: int
    ) -> bool:
        """Remember a bid if what is held covers it and all that is promised already; False and nothing if not."""
        with self._lock:
            promised = self._promised(auction_id)
            if any(promised.get(key, 0) + amount > held.get(key, 0) for key, amount in amounts.items()):
                return False
            self._bids[auction_id] = (valid_until + GRACE_SECONDS, dict(amounts))
            return True

    def release(self, auction_id: Hash32) -> None:
        """The bid has lost, or was settled: it promises nothing any more."""
        with self._lock:
            self._bids.pop(auction_id, None)

    def _promised(self, but: Hash32) -> dict[Key, int]:
        now = self._clock()
        self._bids = {auction: bid for auction, bid in self._bids.items() if bid[0] >= now}
        sums: dict[Key, int] = {}
        for auction, (_, amounts) in self._bids.items():
            if auction != but:
                for key, amount in amounts.items():
                    sums[key] = sums.get(key, 0) + amount
        return sums

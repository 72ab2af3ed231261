"""A bid on its way to the chain, and how many of them go in one transaction (design: Getting it on chain)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intendly_sdk.messages import Award, SignedBid, SignedIntent
from intendly_sdk.primitives import Hash32, HexBytes

LATE_MARGIN_S: Final = 2
"""An award with less than this left is not sent: the next block may already be too late for it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that Settlement needs to fill one awarded bid. `intents` are in the order of the bid's legs."""

    intents: tuple[SignedIntent, ...]
    signed_bid: SignedBid
    award: Award
    award_signature: HexBytes

    @property
    def bid_hash(self) -> Hash32:
        return self.award.bid_hash


def too_late(bundle: Bundle, block_time: int) -> bool:
    """Whether the award would be void by the time a transaction sent now is mined. `block_time` is the latest."""
    return bundle.award.exclusive_until <= block_time + LATE_MARGIN_S


@dataclass(frozen=True, slots=True)
class BundleCost:
    """What a bundle takes of a transaction: gas as fills go, gas by all that it may use, and bytes of calldata.

    Both gas figures have the calldata's in them. A frame gives back what it does not use, but none begins unless the
    whole of it is there (docs/adr/0014).
    """

    usual: int
    whole: int
    size: int


def gas_limit(costs: Sequence[BundleCost]) -> int:
    """Enough for all as fills go, of which one uses all that it may, wherever it stands in the batch.

    Where more take more, those that come last are not tried, and are due again.
    """
    spare = 2 * max(one.whole for one in costs)
    return min(sum(one.whole for one in costs), spare + sum(one.usual for one in costs))


def first_batch(costs: Sequence[BundleCost], most_gas: int, most_bytes: int, most_bundles: int) -> int:
    """How many of the leading bundles fit into one transaction of so much gas and calldata; at least one."""

    def fits(count: int) -> bool:
        return gas_limit(costs[:count]) <= most_gas and sum(one.size for one in costs[:count]) <= most_bytes

    return next((count for count in range(min(len(costs), most_bundles), 1, -1) if fits(count)), 1)

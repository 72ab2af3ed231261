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


def first_batch(gas: Sequence[int], most_gas: int, most_bundles: int) -> int:
    """How many of the leading bundles, needing `gas` each, fit into one transaction of `most_gas`; at least one."""
    total = 0
    for count, each in enumerate(gas):
        total += each
        if count and (total > most_gas or count == most_bundles):
            return count
    return len(gas)

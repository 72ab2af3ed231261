"""An auction at its close, as values: what it is decided from and how it ended (design: The auction)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from intendly_sdk.messages import Award, BidFate, Intent, IntentState
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.reasons import Reason

INTENT_MOVED_ON: Final = "intent_moved_on"
"""Why an auction has no winner whose intent was cancelled, filled or expired meanwhile."""


class SealedBid(NamedTuple):
    """A bid as the close reads it; a tuple, which is made the fastest. `active`: its solver is still registered.

    `executor_refusal` is why Settlement would not call the executor for its solver, None where it would.
    """

    hash: Hash32
    solver: Address
    executor: Address
    amount_out: int
    fee: int
    valid_until: int
    active: bool
    executor_refusal: str | None = None


@dataclass(frozen=True, slots=True)
class ClosingAuction:
    """An auction that takes no more bids, with its one intent as it stands. `closes_at` is unix milliseconds.

    `nonce_taken`: another intent of the swapper with the same Permit2 nonce is awarded or submitted. `taken`: what
    the swapper's awarded and submitted intents sell of the same token, in its smallest unit.
    """

    id: Hash32
    secret: Hash32
    closes_at: int
    roster_size: int
    intent_hash: Hash32
    intent: Intent
    signature: HexBytes
    fee: int
    state: IntentState
    version: int
    auctions_held: int
    nonce_taken: bool
    taken: int
    bids: tuple[SealedBid, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a bid, and in words why."""

    bid: SealedBid
    fate: BidFate
    detail: str


@dataclass(frozen=True, slots=True)
class Unfilled:
    """The intent stays open; its next auction is due in `wait_s` seconds."""

    reason: Reason
    facts: dict[str, str]
    wait_s: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an auction ended: with an award to its winner, with an intent that stays open, or with neither (it moved on).

    `own` are the bids with a fate of their own; every other one but the winner has lost, and `lost` says in words why.
    """

    auction: ClosingAuction
    lost: str
    own: tuple[Fate, ...] = ()
    winner: SealedBid | None = None
    award: Award | None = None
    unfilled: Unfilled | None = None

    @property
    def reason(self) -> str:
        """A stable code: why there is no winner, or `awarded`."""
        if self.award is not None:
            return Reason.AWARDED.value
        return self.unfilled.reason.value if self.unfilled is not None else INTENT_MOVED_ON

"""What the chain says, as values: blocks, and the logs of Settlement and SolverRegistry.

The names of faults and steps are those of contracts/src/Types.sol, in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.primitives import Address, Hash32

from intendly.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header. `timestamp` is unix seconds."""

    number: int
    hash: Hash32
    parent_hash: Hash32
    timestamp: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log stands."""

    block_number: int
    block_hash: Hash32
    tx_hash: Hash32
    log_index: int


@dataclass(frozen=True, slots=True)
class Filled:
    """Settlement's `Fill`. A zero `bid_hash` is an open fill. Amounts in token_out's smallest unit."""

    place: Place
    intent_hash: Hash32
    bid_hash: Hash32
    swapper: Address
    solver: Address
    amount_out: int
    fee: int


@dataclass(frozen=True, slots=True)
class BundleFailed:
    """Settlement's `BundleFailed`, or with the fault `not_tried` its `NotTried`."""

    place: Place
    bid_hash: Hash32
    solver: Address
    fault: str
    step: str
    reason: Hash32


@dataclass(frozen=True, slots=True)
class SolverChanged:
    """An event of SolverRegistry. None: this event leaves the value as it was."""

    place: Place
    solver: Address
    active: bool
    signing_key: Address | None
    endpoint: str | None


Log = Filled | BundleFailed | SolverChanged

FAULTS = ("none", "swapper", "token", "solver", "submitter", "receiver")
STEPS = ("none", "award", "bid", "executor", "intent", "pull", "callback", "payout", "fee")
NOT_TRIED = "not_tried"

_REASONS = {
    "solver": Reason.SOLVER_FAILED,
    "swapper": Reason.SWAPPER_FAILED,
    "token": Reason.TOKEN_FAILED,
    "receiver": Reason.RECEIVER_FAILED,
    NOT_TRIED: Reason.AWARD_LAPSED,
}
_WAIT_S = {Reason.SETTLEMENT_FAILED: 10, Reason.SWAPPER_FAILED: 10, Reason.TOKEN_FAILED: 30, Reason.RECEIVER_FAILED: 30}


def reason_of(fault: str) -> Reason:
    """Why the intent is open again after a bundle that failed by `fault`."""
    return _REASONS.get(fault, Reason.SETTLEMENT_FAILED)


def wait_after(reason: Reason) -> int:
    """Seconds until the next auction: at once, unless the same would only happen again."""
    return _WAIT_S.get(reason, 0)

"""Pure decisions about getting a fill on chain (design: Getting it on chain, exactly once)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intendly_sdk.primitives import Address, Hash32, HexBytes


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What the chain says about one intent's signature and input, at the latest block.

    `balance` and `allowance` are the swapper's, in token_in's smallest unit, the allowance being Permit2's. None:
    the token does not answer, so it cannot be moved either. `signature_refusal` is why Permit2 would not take the
    swapper's signature, None where it would.
    """

    balance: int | None
    allowance: int | None
    nonce_spent: bool
    signature_refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers for its gas, in wei a unit (EIP-1559)."""

    max_fee: int
    max_priority_fee: int

    def bumped(self, suggested: Fees) -> Fees:
        """What replaces a transaction that offered `self`: an eighth more at least, and what is usual now."""
        return Fees(
            max(suggested.max_fee, _eighth_more(self.max_fee)),
            max(suggested.max_priority_fee, _eighth_more(self.max_priority_fee)),
        )


def _eighth_more(fee: int) -> int:
    return -(-fee * 9 // 8)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction under a settlement's account nonce. `age_s` is how long ago it was signed."""

    n: int
    tx_hash: Hash32
    raw: HexBytes
    fees: Fees
    age_s: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """A `settle` transaction that was begun: its nonce and calldata are fixed, its attempts are what was signed."""

    id: int
    lane: Address
    nonce: int
    state: str
    calldata: HexBytes
    gas_limit: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """That one of the attempts is in a block."""

    tx_hash: Hash32
    block_number: int
    block_hash: Hash32
    succeeded: bool


class Verdict(StrEnum):
    """What the chain says of a settlement."""

    MINED = "mined"
    FINAL = "final"
    FAILED = "failed"
    REPLACED = "replaced"
    WAITING = "waiting"
    STUCK = "stuck"


STUCK_AFTER_S: Final = 6.0
"""How long an attempt may wait for a block before it is sent with a higher fee."""
MOST_ATTEMPTS: Final = 16
"""The last offers nearly six times what the first one did; a chain that takes none of them is not short of fees."""


def judge(settlement: Settlement, receipt: Receipt | None, final_block: int, final_nonce: int) -> Verdict:
    """What to do about a settlement that was sent.

    `final_nonce` is the lane's account nonce at the final block: past the settlement's own without a receipt of an
    attempt, another transaction has taken the nonce for good. A revert counts only when its block is final, so that
    no second try races the first (design: Getting it on chain, exactly once).
    """
    if receipt is not None:
        if receipt.block_number > final_block:
            return Verdict.MINED
        return Verdict.FINAL if receipt.succeeded else Verdict.FAILED
    if final_nonce > settlement.nonce:
        return Verdict.REPLACED
    if settlement.attempts and len(settlement.attempts) < MOST_ATTEMPTS:
        return Verdict.STUCK if settlement.attempts[-1].age_s > STUCK_AFTER_S else Verdict.WAITING
    return Verdict.WAITING

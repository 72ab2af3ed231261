"""Pure decisions about getting a fill on chain (design: Getting it on chain, exactly once)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What the chain says about one intent's input, at the latest block.

    `balance` and `allowance` are the swapper's, in token_in's smallest unit, the allowance being Permit2's. None:
    the token does not answer, so it cannot be moved either.
    """

    balance: int | None
    allowance: int | None
    nonce_spent: bool


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers for its gas, in wei a unit (EIP-1559)."""

    max_fee: int
    max_priority_fee: int

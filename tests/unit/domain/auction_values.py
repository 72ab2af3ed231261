"""Auctions, bids and facts as values for the tests of the close."""

from __future__ import annotations

from typing import Any

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Intent, IntentState
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.closing import ClosingAuction, SealedBid
from intendly.domain.settlement import IntentFacts

BLOCK_TIME = 1_800_000_000
CLOSES_AT = BLOCK_TIME * 1000 + 1_500
FEE = 7
MIN_OUT = 1_000
GOOD_FACTS = IntentFacts(balance=500, allowance=500, nonce_spent=False)


def digest(*words: object) -> Hash32:
    return Hash32(keccak(repr(words).encode()))


def address(*words: object) -> Address:
    return Address(digest(*words)[12:])


def intent(name: str = "intent", **changes: Any) -> Intent:
    values: dict[str, Any] = {
        "chain_id": 31_337,
        "spender": address("settlement"),
        "swapper": address("swapper"),
        "token_in": address("in"),
        "amount_in": 500,
        "token_out": address("out"),
        "min_amount_out": MIN_OUT,
        "receiver": address("swapper"),
        "nonce": int.from_bytes(digest(name)),
        "deadline": BLOCK_TIME + 600,
        "open_after": BLOCK_TIME + 600,
    }
    return Intent(**(values | changes))


def bid(name: object, amount_out: int = MIN_OUT + 10, **changes: Any) -> SealedBid:
    values: dict[str, Any] = {
        "hash": digest("bid", name),
        "solver": address("solver", name),
        "executor": address("executor", name),
        "amount_out": amount_out,
        "fee": FEE,
        "valid_until": BLOCK_TIME + 11,
        "active": True,
    }
    return SealedBid(**(values | changes))


def auction(*bids: SealedBid, **changes: Any) -> ClosingAuction:
    wanted = changes.pop("intent", intent())
    values: dict[str, Any] = {
        "id": digest("auction"),
        "secret": digest("secret"),
        "closes_at": CLOSES_AT,
        "roster_size": 3,
        "intent_hash": wanted.hash,
        "intent": wanted,
        "signature": HexBytes(bytes(65)),
        "fee": FEE,
        "state": IntentState.OPEN,
        "version": 2,
        "auctions_held": 0,
        "nonce_taken": False,
        "taken": 0,
        "bids": tuple(bids),
    }
    return ClosingAuction(**(values | changes))

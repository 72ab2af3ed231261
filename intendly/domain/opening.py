"""Which auction an intent gets: its id, its fee, and the secret that it commits to (design: The auction)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Intent
from intendly_sdk.primitives import Hash32

from intendly.domain.fees import BPS, fee_for


@dataclass(frozen=True, slots=True)
class DueIntent:
    """An open intent whose auction is due. `gas_fee` is what a fill's gas costs in token_out; None: not priced."""

    hash: Hash32
    intent: Intent
    version: int
    gas_fee: int | None


@dataclass(frozen=True, slots=True)
class FeeRules:
    """`max_fee_bps` is the contract's cap on a fill's fee."""

    house_fee_bps: int
    max_fee_bps: int


@dataclass(frozen=True, slots=True)
class Opening:
    """An auction about to open. It counts only while the intent is still at `version`."""

    auction_id: Hash32
    secret: Hash32
    secret_hash: Hash32
    intent_hash: Hash32
    intent: Intent
    fee: int
    version: int


def auction_id_of(intent_hash: Hash32, version: int) -> Hash32:
    """The id of the auction that opens while the intent is at `version`: keccak256(intent_hash ‖ version).

    Every opening moves the version on, so no two share one; and the first is known when the intent is accepted.
    """
    return Hash32(keccak(intent_hash + version.to_bytes(32, "big")))


FIRST_VERSION: Final = 1
"""Of an intent that was just accepted."""


def open_auction(due: DueIntent, rules: FeeRules, random_bytes: Callable[[int], bytes]) -> Opening:
    """The auction of one due intent. Gas that rose since the intent was accepted is charged up to the cap alone."""
    secret = Hash32(random_bytes(32))
    cap = due.intent.min_amount_out * rules.max_fee_bps // BPS
    return Opening(
        auction_id=auction_id_of(due.hash, due.version),
        secret=secret,
        secret_hash=Hash32(keccak(secret)),
        intent_hash=due.hash,
        intent=due.intent,
        fee=min(fee_for(due.intent, rules.house_fee_bps, due.gas_fee), cap),
        version=due.version,
    )

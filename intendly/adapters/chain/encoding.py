"""Settlement's calldata, and the gas that it may need (contracts/src/Types.sol, GasBudget.sol)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import Award, Bid, Intent, SignedIntent
from intendly_sdk.primitives import HexBytes

from intendly.adapters.chain.artifacts import forge
from intendly.domain.bundle import Bundle


def settle_calldata(bundles: Sequence[Bundle]) -> HexBytes:
    """The call settle(bundles)."""
    return HexBytes(forge("Settlement").interface["settle"].encode(encodable(bundles)))


def encodable(bundles: Sequence[Bundle]) -> list[tuple[Any, ...]]:
    """Bundle[] as the ABI's nested tuples, in the order of the contract's fields."""
    return [_bundle(bundle) for bundle in bundles]


def _bundle(bundle: Bundle) -> tuple[Any, ...]:
    return (
        [_signed_intent(signed) for signed in bundle.intents],
        _bid(bundle.signed_bid.bid),
        bundle.signed_bid.signature,
        bundle.signed_bid.data,
        _award(bundle.award),
        bundle.award_signature,
    )


def _signed_intent(signed: SignedIntent) -> tuple[Any, ...]:
    intent = signed.intent
    return (intent.token_in, intent.amount_in, intent.nonce, intent.deadline, _witness(intent), signed.signature)


def _witness(intent: Intent) -> tuple[Any, ...]:
    return (
        intent.swapper,
        intent.token_out,
        intent.min_amount_out,
        intent.receiver,
        intent.valid_from,
        intent.open_after,
        intent.partner,
        intent.partner_fee_bps,
        intent.app_data,
    )


def _bid(bid: Bid) -> tuple[Any, ...]:
    return (
        [(leg.intent_hash, leg.amount_out, leg.fee) for leg in bid.legs],
        bid.auction_id,
        bid.solver,
        bid.executor,
        bid.valid_until,
        bid.call_data_hash,
        bid.gas_limit,
        bid.penalty,
    )


def _award(award: Award) -> tuple[Any, ...]:
    return (award.bid_hash, award.transcript_root, award.exclusive_until)

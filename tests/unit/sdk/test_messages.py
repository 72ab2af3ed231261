"""The wire messages survive JSON, refuse what they do not know, and bind a bid's calldata."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import MAX_DATA_BYTES, Bid, Event, EventKind, Intent, SignedBid, SignedIntent
from intendly_sdk.primitives import HexBytes
from intendly_sdk.stream_messages import PlaceBid, auction_of, client_message
from pydantic import BaseModel, ValidationError

from tests.unit.sdk import samples


@given(samples.intents)
def test_an_intent_survives_json(intent: Intent) -> None:
    read = Intent.model_validate_json(intent.model_dump_json())
    assert read == intent
    assert read.hash == intent.hash


@given(samples.bids, st.binary(max_size=64))
def test_a_bid_survives_json(bid: Bid, data: bytes) -> None:
    bound = bid.model_copy(update={"call_data_hash": HexBytes(keccak(data))})
    signed = SignedBid(bid=bound, data=HexBytes(data), signature=HexBytes(bytes(65)))
    frame = client_message.validate_json(PlaceBid(id=1, signed_bid=signed).model_dump_json())
    assert isinstance(frame, PlaceBid)
    assert frame.signed_bid == signed
    assert frame.signed_bid.bid.hash(samples.DOMAIN) == bound.hash(samples.DOMAIN)


@given(samples.intents, st.data())
def test_every_field_of_an_intent_counts_in_its_hash(intent: Intent, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(Intent.model_fields)))
    value = getattr(intent, field)
    other = value ^ 1 if isinstance(value, int) else type(value)(bytes((value[0] ^ 1,)) + value[1:])
    assert intent.model_copy(update={field: other}).hash != intent.hash


@pytest.mark.parametrize(
    "message", [samples.intent(), samples.auction(), samples.config()], ids=lambda m: type(m).__name__
)
def test_an_unknown_field_is_refused(message: BaseModel) -> None:
    body = json.loads(message.model_dump_json()) | {"surprise": 1}
    with pytest.raises(ValidationError, match="surprise"):
        type(message).model_validate_json(json.dumps(body))


def test_a_signature_has_a_limit() -> None:
    with pytest.raises(ValidationError, match="2048"):
        SignedIntent(intent=samples.intent(), signature=HexBytes(bytes(2_049)))


def test_calldata_must_be_what_was_signed() -> None:
    bid = _bid(b"\x01")
    with pytest.raises(ValidationError, match="keccak256"):
        SignedBid(bid=bid, data=HexBytes(b"\x02"), signature=HexBytes(bytes(65)))


def test_calldata_has_a_limit() -> None:
    data = bytes(MAX_DATA_BYTES + 1)
    with pytest.raises(ValidationError, match="at most"):
        SignedBid(bid=_bid(data), data=HexBytes(data), signature=HexBytes(bytes(65)))


def test_an_auction_event_carries_the_auction_with_its_own_clock() -> None:
    auction = samples.auction()
    event = Event(
        cursor="1-5",
        kind=EventKind.AUCTION_OPENED,
        at=1,
        auction_id=auction.auction_id,
        data=json.loads(auction.model_dump_json(exclude={"auction_id", "server_time", "ms_left"})),
        server_time=auction.server_time + 10,
        ms_left=auction.ms_left - 10,
    )
    heard = auction_of(event)
    assert heard.ms_left == auction.ms_left - 10
    assert heard.intents == auction.intents


def test_an_event_without_an_auction_is_none() -> None:
    with pytest.raises(ValueError, match="intents"):
        auction_of(Event(cursor="1-5", kind=EventKind.INTENT_SETTLED, at=1))


def _bid(data: bytes) -> Bid:
    return Bid.model_validate(
        {
            "legs": [{"intent_hash": "0x" + "00" * 32, "amount_out": "1", "fee": "0"}],
            "auction_id": "0x" + "00" * 32,
            "solver": samples.SOLVER.address,
            "executor": samples.EXECUTOR,
            "valid_until": 1,
            "call_data_hash": HexBytes(keccak(data)),
            "gas_limit": 21_000,
        }
    )

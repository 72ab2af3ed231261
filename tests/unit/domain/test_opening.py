"""The auction that an intent gets."""

from __future__ import annotations

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionOpened
from intendly_sdk.primitives import Hash32

from intendly.domain.auction_events import opened
from intendly.domain.opening import DueIntent, FeeRules, Opening, open_auction
from tests.unit.domain.auction_values import address, intent

RULES = FeeRules(house_fee_bps=5, max_fee_bps=1_000)


def opening(min_amount_out: int, gas_fee: int | None) -> Opening:
    wanted = intent(min_amount_out=min_amount_out)
    numbers = iter(range(1, 9))
    return open_auction(DueIntent(wanted.hash, wanted, 3, gas_fee), RULES, lambda n: bytes([next(numbers)]) * n)


def test_id_and_secret_are_drawn_apart_and_the_secret_is_committed_to() -> None:
    one = opening(10_000, 50)
    assert one.secret_hash == keccak(bytes(one.secret))
    assert one.secret != one.auction_id
    assert one.version == 3


def test_the_fee_is_house_and_gas_up_to_the_contracts_cap() -> None:
    assert opening(10_000, 50).fee == 55
    assert opening(10_000, None).fee == 5
    assert opening(10_000, 5_000).fee == 1_000


def test_the_event_is_what_solvers_read() -> None:
    one = opening(10_000, 50)
    change = opened(one, [address("solver")], 1_000, 3_000)
    roster = change.data.pop("roster")
    told = AuctionOpened.model_validate({**change.data, "auction_id": one.auction_id, "server_time": 1, "ms_left": 2})
    assert roster == [str(address("solver"))]
    assert told.intents[0].intent == one.intent
    assert told.intents[0].fee == 55
    assert "signature" not in str(change.data)
    assert Hash32(one.secret) != told.secret_hash

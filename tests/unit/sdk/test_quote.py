"""What the client takes for a quote: what is to be signed or sent must be what was asked for."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.calls import approve_permit2, spend_nonce
from intendly_sdk.client import VenueClient
from intendly_sdk.eip712_json import to_typed_data, token_permit_to_typed_data
from intendly_sdk.errors import ProtocolError
from intendly_sdk.messages import Call, Intent, Permit2Standing, QuoteKind, QuoteRequest, QuoteSource, QuoteView
from intendly_sdk.primitives import UINT256_MAX, ZERO_HASH, Address, HexBytes
from intendly_sdk.quote_check import checked_quote

from intendly.domain.quoting import suggest
from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue

ASKED = QuoteRequest(
    swapper=samples.SWAPPER.address,
    token_in=samples.WETH.address,
    amount_in=10**18,
    token_out=samples.USDC.address,
    ttl_s=86_400,
)
NOW = time.time()
AMOUNT_OUT = 3_010 * 10**6
LEAST = AMOUNT_OUT * 9_950 // 10_000
ENDS = int(NOW) + ASKED.ttl_s
OTHER = samples.SOLVER.address
TOKEN = {"name": "0xWETH", "version": "1", "chainId": 31_337, "verifyingContract": samples.WETH.address.checksum}
PERMIT = token_permit_to_typed_data(TOKEN, samples.SWAPPER.address, 3, ENDS)
APPROVE = approve_permit2(31_337, samples.WETH.address)


def _intent(**changes: Any) -> Intent:
    return samples.intent(**{"min_amount_out": LEAST, "deadline": ENDS, "open_after": ENDS} | changes)


def _source(amount_out: int) -> QuoteSource:
    return QuoteSource(kind=QuoteKind.POOLS, amount_out=amount_out, age_ms=1)


def _standing(approve: Call | None = None, permit: dict[str, Any] | None = None) -> Permit2Standing:
    return Permit2Standing(balance=0, allowance=0, is_enough=False, approve=approve, permit=permit)


def _view(intent: Intent | None = None, **changes: Any) -> QuoteView:
    asks = intent or _intent()
    view = QuoteView(
        amount_out=AMOUNT_OUT,
        min_amount_out=asks.min_amount_out,
        fee=1,
        sources=(_source(AMOUNT_OUT), _source(AMOUNT_OUT - 1)),
        permit2=_standing(APPROVE, PERMIT),
        intent_hash=asks.hash,
        intent=asks,
        typed_data=to_typed_data(asks),
    )
    return view.model_copy(update=changes)


def _quoted(view: QuoteView, asked: QuoteRequest = ASKED) -> QuoteView | ProtocolError:
    def answer(_: str, path: str) -> Answer:
        model = samples.config() if path.endswith("/config") else view
        return 200, json.loads(model.model_dump_json())

    with http_venue(answer) as venue, VenueClient(venue.url) as client:
        try:
            found: QuoteView | ProtocolError = client.quote(asked)
        except ProtocolError as error:
            found = error
        sent = next(body for _, path, body in venue.asked if path == "/api/v1/quotes")
        assert QuoteRequest.model_validate_json(sent) == asked
        return found


def _refused(view: QuoteView) -> str:
    with pytest.raises(ProtocolError, match="do not sign it") as caught:
        checked_quote(view, ASKED, samples.DOMAIN, NOW)
    return str(caught.value)


def test_a_quote_comes_with_the_intent_that_was_asked_for() -> None:
    assert _quoted(_view()) == _view()
    receiver = Address("0x" + "ab" * 20)
    elsewhere = _view(_intent(receiver=receiver))
    assert _quoted(elsewhere, ASKED.model_copy(update={"receiver": receiver})) == elsewhere


@pytest.mark.parametrize(
    "changes",
    [
        {"receiver": OTHER},
        {"spender": OTHER},
        {"swapper": OTHER},
        {"chain_id": 1},
        {"token_in": OTHER},
        {"amount_in": 10**19},
        {"token_out": OTHER},
        {"min_amount_out": 1},
        {"partner": OTHER, "partner_fee_bps": 100},
        {"app_data": "0x" + "01" * 32},
        {"valid_from": samples.NOW},
        {"open_after": ENDS - 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_intent_that_asks_for_something_else_is_not_handed_on(changes: dict[str, Any]) -> None:
    error = _quoted(_view(_intent(**changes), min_amount_out=LEAST))
    assert isinstance(error, ProtocolError)
    assert "do not sign" in str(error)


def test_a_hash_of_something_else_is_not_handed_on() -> None:
    assert "not what was asked for" in _refused(_view(intent_hash=ZERO_HASH))


@pytest.mark.parametrize("least", [1, LEAST - 2, LEAST + 1, AMOUNT_OUT])
def test_the_minimum_is_the_best_indication_less_the_slippage(least: int) -> None:
    assert f"expected a minimum of {LEAST}" in _refused(_view(_intent(min_amount_out=least)))


@pytest.mark.parametrize("sources", [(), (_source(AMOUNT_OUT + 1),), (_source(AMOUNT_OUT - 1),)])
def test_what_is_quoted_is_the_best_source(sources: tuple[QuoteSource, ...]) -> None:
    assert f"amount_out is {AMOUNT_OUT}" in _refused(_view(sources=sources))


def test_a_quote_of_nothing_is_not_handed_on() -> None:
    view = _view(_intent(min_amount_out=1), amount_out=0, sources=(_source(0),))
    assert "amount_out is 0" in _refused(view)


@pytest.mark.parametrize("late", [-ASKED.ttl_s - 90, 90, 10**9])
def test_the_deadline_is_as_far_off_as_was_asked(late: int) -> None:
    assert "expected a deadline in 86400 s" in _refused(_view(_intent(deadline=ENDS + late, open_after=ENDS + late)))


def test_the_clocks_may_differ_a_little() -> None:
    for late in (-30, 30):
        view = _view(_intent(deadline=ENDS + late, open_after=ENDS + late), permit2=_standing(APPROVE))
        assert checked_quote(view, ASKED, samples.DOMAIN, NOW) == view


@pytest.mark.parametrize(
    "typed_data",
    [
        {},
        to_typed_data(_intent(receiver=OTHER)),
        to_typed_data(_intent()) | {"primaryType": "TokenPermissions"},
        to_typed_data(_intent()) | {"domain": {"name": "Permit2", "chainId": 1}},
        to_typed_data(_intent()) | {"message": to_typed_data(_intent())["message"] | {"more": "1"}},
        to_typed_data(_intent()) | {"types": {"EIP712Domain": []}},
    ],
)
def test_typed_data_of_something_else_is_not_handed_on(typed_data: dict[str, Any]) -> None:
    assert "typed_data is not the intent's" in _refused(_view(typed_data=typed_data))


def test_typed_data_in_another_spelling_is_handed_on_in_ours() -> None:
    ours = to_typed_data(_intent())
    told = json.loads(json.dumps(ours).replace(samples.SWAPPER.address.checksum, str(samples.SWAPPER.address)))
    told["message"]["deadline"] = ENDS
    told["domain"]["chainId"] = "31337"
    assert told != ours
    assert checked_quote(_view(typed_data=told), ASKED, samples.DOMAIN, NOW).typed_data == ours


@pytest.mark.parametrize(
    "approve",
    [
        APPROVE.model_copy(update={"to": OTHER}),
        APPROVE.model_copy(update={"value": 1}),
        APPROVE.model_copy(update={"chain_id": 1}),
        APPROVE.model_copy(update={"data": HexBytes(APPROVE.data[:16] + OTHER + APPROVE.data[36:])}),
        APPROVE.model_copy(update={"data": HexBytes(APPROVE.data + bytes(32))}),
        APPROVE.model_copy(update={"data": HexBytes()}),
        approve_permit2(31_337, samples.WETH.address, 10**18 - 1),
        spend_nonce(31_337, 7),
    ],
)
def test_a_transaction_that_is_no_approval_is_not_handed_on(approve: Call) -> None:
    assert "permit2.approve" in _refused(_view(permit2=_standing(approve)))


def test_an_approval_of_no_more_than_is_sold_is_handed_on() -> None:
    exact = _view(permit2=_standing(approve_permit2(31_337, samples.WETH.address, 10**18)))
    assert checked_quote(exact, ASKED, samples.DOMAIN, NOW) == exact


def _permit(**message: str) -> dict[str, Any]:
    return PERMIT | {"message": PERMIT["message"] | message}


@pytest.mark.parametrize(
    "permit",
    [
        {},
        {"domain": None, "message": []},
        to_typed_data(_intent()),
        PERMIT | {"domain": TOKEN | {"verifyingContract": OTHER.checksum}},
        PERMIT | {"domain": TOKEN | {"chainId": 1}},
        PERMIT | {"domain": TOKEN | {"salt": "0x"}},
        PERMIT | {"primaryType": "PermitSingle"},
        PERMIT | {"types": to_typed_data(_intent())["types"]},
        _permit(owner=OTHER.checksum),
        _permit(spender=OTHER.checksum),
        _permit(value=str(10**18 - 1)),
        _permit(value="-1"),
        _permit(deadline=str(ENDS + 1)),
        _permit(nonce="1_0"),
        _permit(more="1"),
    ],
)
def test_a_permit_for_something_else_is_not_handed_on(permit: dict[str, Any]) -> None:
    assert "permit2.permit" in _refused(_view(permit2=_standing(APPROVE, permit)))


@given(
    gross=st.integers(1, UINT256_MAX),
    slippage=st.integers(0, 5_000),
    house_fee=st.integers(0, 100),
    gas=st.integers(0, 10**9),
)
def test_every_minimum_that_the_venue_suggests_is_taken(gross: int, slippage: int, house_fee: int, gas: int) -> None:
    suggested = suggest(_intent(), gross, slippage, house_fee, gas)
    amount_out = suggested.amount_out(gross)
    if amount_out <= 0:
        return  # refused as too small by the venue
    view = _view(
        _intent(min_amount_out=suggested.min_amount_out), amount_out=amount_out, sources=(_source(amount_out),)
    )
    asked = ASKED.model_copy(update={"slippage_bps": slippage})
    assert checked_quote(view, asked, samples.DOMAIN, NOW) == view

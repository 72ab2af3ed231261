"""What the client takes for a quote: an intent to sign must be the one that was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from intendly_sdk.client import VenueClient
from intendly_sdk.eip712_json import to_typed_data
from intendly_sdk.errors import ProtocolError
from intendly_sdk.messages import Intent, Permit2Standing, QuoteRequest, QuoteView
from intendly_sdk.primitives import ZERO_HASH, Address

from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue

ASKED = QuoteRequest(
    swapper=samples.SWAPPER.address, token_in=samples.WETH.address, amount_in=10**18, token_out=samples.USDC.address
)


def _view(intent: Intent, **changes: Any) -> QuoteView:
    view = QuoteView(
        amount_out=3_010 * 10**6,
        min_amount_out=3_000 * 10**6,
        fee=1,
        sources=(),
        permit2=Permit2Standing(balance=0, allowance=0, is_enough=False),
        intent_hash=intent.hash,
        intent=intent,
        typed_data=to_typed_data(intent),
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


def test_a_quote_comes_with_the_intent_that_was_asked_for() -> None:
    view = _view(samples.intent())
    assert _quoted(view) == view
    receiver = Address("0x" + "ab" * 20)
    elsewhere = _view(samples.intent(receiver=receiver))
    assert _quoted(elsewhere, ASKED.model_copy(update={"receiver": receiver})) == elsewhere


@pytest.mark.parametrize(
    "changes",
    [
        {"receiver": samples.SOLVER.address},
        {"spender": samples.SOLVER.address},
        {"amount_in": 10**19},
        {"min_amount_out": 1},
        {"partner": samples.SOLVER.address, "partner_fee_bps": 100},
        {"open_after": samples.NOW},
    ],
)
def test_an_intent_that_asks_for_something_else_is_not_handed_on(changes: dict[str, Any]) -> None:
    assert "do not sign" in str(_quoted(_view(samples.intent(**changes))))


def test_a_hash_of_something_else_is_not_handed_on() -> None:
    assert "do not sign" in str(_quoted(_view(samples.intent(), intent_hash=ZERO_HASH)))

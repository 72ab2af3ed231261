"""What schemathesis runs around each request: values that formats name, signatures, auctions for accepted intents.

Only what is meant to be accepted is signed; what is meant to be refused goes out as it was made.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st
from intendly_sdk.primitives import UINT256_MAX, Address
from schemathesis.generation import GenerationMode

from tests.integration.openapi.trader import Trader, World, each

trader = Trader(World.read())
addresses = st.binary(min_size=20, max_size=20).map(Address)
schemathesis.openapi.format("eip55-address", addresses.flatmap(lambda one: st.sampled_from([str(one), one.checksum])))
schemathesis.openapi.format("uint256", st.integers(0, UINT256_MAX).map(str))


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Sign the body."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    match case.operation.definition.raw["operationId"]:
        case "intents.submit":
            case.body = trader.signed_intent(case.body)
        case "intents.submit_batch":
            case.body = {**case.body, "intents": each(trader.signed_intent, "intent", case.body["intents"])}
        case "intents.cancel":
            case.body = trader.signed_cancel(case.path_parameters["intent_hash"], case.body)
        case "bids.place" if isinstance(case.body, list):
            case.body = each(trader.signed_bid, "bid", case.body)
        case "bids.place":
            case.body = trader.signed_bid(case.body)
        case "quotes.quote":
            case.body = trader.quotable(case.body)


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    """Open an auction for what was accepted now."""
    if case.operation.definition.raw["operationId"] == "intents.submit" and response.status_code == 202:
        receipt = response.json()
        trader.opens(receipt["intent_hash"], receipt["auction_id"])

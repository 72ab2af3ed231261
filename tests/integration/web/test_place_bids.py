"""POST /bids: what is taken, what is refused and why; one live bid per solver."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from intendly_sdk.messages import Leg
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2

from tests.integration.web.conftest import Relayer
from tests.integration.web.opened import Opened, hash_of, post
from tests.integration.web.test_submit_intents import high_s
from tests.integration.web.world import DEPLOYMENT, GAS_FEE_USDC, USDC, signed_bid

pytestmark = pytest.mark.integration


def test_a_bid_is_in_and_makes_no_event(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    events = relayer.rows.count("outbox")
    bid = opened.bid(solver)
    status, body = post(relayer, bid)
    assert (status, body["created"], body["bid_hash"]) == (202, True, str(bid.bid.hash(DEPLOYMENT.domain)))
    assert opened.stored() == [(hash_of(bid), 3_010 * 10**6, "live")]
    assert opened.answers() == {solver.address: "bid", rival.address: None}
    assert relayer.rows.count("outbox") == events
    data, signature = relayer.rows.run("SELECT data, signature FROM bids WHERE hash = %s", hash_of(bid))[0]
    assert (bytes(data), bytes(signature)) == (b"route", bytes(bid.signature))


def test_the_same_bid_again_is_the_same(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    bid = opened.bid(solver)
    assert post(relayer, bid)[0] == 202
    assert post(relayer, bid) == (
        200,
        {"bid_hash": str(HexBytes(hash_of(bid))), "auction_id": str(opened.id), "created": False},
    )
    opened.close()
    assert post(relayer, bid)[0] == 200


def test_another_bid_replaces_the_one_before(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    first, second = opened.bid(solver), opened.bid(solver, amount_out=3_020 * 10**6)
    assert [post(relayer, bid)[0] for bid in (first, second)] == [202, 202]
    assert opened.stored() == [(hash_of(second), 3_020 * 10**6, "live")]
    assert post(relayer, first)[0] == 202
    assert opened.stored() == [(hash_of(first), 3_010 * 10**6, "live")]


def test_replacing_at_once_from_many_leaves_one(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    bids = [opened.bid(solver, amount_out=3_000 * 10**6 + n) for n in range(24)]
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda bid: post(relayer, bid)[0], bids + bids))
    assert set(statuses) <= {200, 202}
    assert len(opened.stored()) == 1


def test_a_bid_below_the_minimum_is_kept(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    assert post(relayer, opened.bid(solver, amount_out=1))[0] == 202
    opened.close()
    status = relayer.get(f"/intents/{opened.intent_hash}/status").json()
    assert status["best_amount_out"] == "1"


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "another fee": ({"fee": GAS_FEE_USDC - 1}, "bid.legs.0.fee"),
    "a higher fee": ({"fee": GAS_FEE_USDC + 1}, "bid.legs.0.fee"),
    "a penalty": ({"penalty": 1}, "bid.penalty"),
    "no executor": ({"executor": Address(bytes(20))}, "bid.executor"),
    "Permit2 as executor": ({"executor": PERMIT2}, "bid.executor"),
    "Settlement as executor": ({"executor": DEPLOYMENT.settlement}, "bid.executor"),
    "the registry as executor": ({"executor": DEPLOYMENT.registry}, "bid.executor"),
    "a token as executor": ({"executor": USDC}, "bid.executor"),
    "legs of another intent": ({"legs": (Leg(intent_hash=Hash32(b"\x01" * 32), amount_out=1, fee=0),)}, "bid.legs"),
}


@pytest.mark.parametrize(("changes", "field"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named_and_stores_nothing(
    relayer: Relayer, solver: Signer, rival: Signer, changes: dict[str, Any], field: str
) -> None:
    opened = Opened(relayer, solver, rival)
    status, problem = post(relayer, opened.bid(solver, **changes))
    assert (status, problem["code"], problem["errors"][0]["field"]) == (422, "bid_invalid", field)
    assert opened.stored() == []
    assert opened.answers()[solver.address] is None


@pytest.mark.parametrize("off", [-20, -10, 1, 100])
def test_a_bid_that_holds_too_shortly_or_too_long(relayer: Relayer, solver: Signer, rival: Signer, off: int) -> None:
    opened = Opened(relayer, solver, rival)
    # The window of this auction is longer than the setting's, so its close is what counts.
    status, problem = post(relayer, opened.bid(solver, valid_until=opened.closes_at // 1000 + 10 + off))
    assert (status, problem["code"], problem["errors"][0]["field"]) == (422, "bid_invalid", "bid.valid_until")


def test_a_bundle_of_an_auction_of_one_intent(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    leg = Leg(intent_hash=opened.intent_hash, amount_out=1, fee=GAS_FEE_USDC)
    other = leg.model_copy(update={"intent_hash": Hash32(b"\x02" * 32)})
    for legs in ((leg, other), (leg, leg)):
        assert post(relayer, opened.bid(solver, legs=legs))[1]["code"] == "bid_invalid"


def test_a_bid_signed_by_another_key(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    status, problem = post(relayer, opened.bid(solver, signer=rival))
    assert (status, problem["code"]) == (422, "signature_invalid")
    good = opened.bid(solver)
    for forged in (high_s(good.signature), HexBytes(b"\x01" * 65), HexBytes()):
        assert post(relayer, good.model_copy(update={"signature": forged}))[1]["code"] == "signature_invalid"
    assert opened.stored() == []


def test_a_solver_that_is_unknown_off_the_roster_or_gone(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    stranger, gone = Signer(os.urandom(32)), Signer(os.urandom(32))
    relayer.rows.add_solver(gone, active=False)
    opened = Opened(relayer, solver, gone)
    for outsider in (stranger, rival, gone):
        assert post(relayer, opened.bid(outsider))[1]["code"] == "solver_unknown"
    assert post(relayer, opened.bid(stranger))[0] == 403


def test_data_that_is_not_what_was_signed(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    body = json.loads(opened.bid(solver).model_dump_json()) | {"data": "0x1234"}
    answer = relayer.post("/bids", json.dumps(body))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_an_auction_that_does_not_exist(relayer: Relayer, solver: Signer) -> None:
    bid = signed_bid(solver, Hash32(b"\x99" * 32), Hash32(b"\x98" * 32), 10**12)
    assert post(relayer, bid)[0] == 404

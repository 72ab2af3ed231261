"""POST /bids and GET /auctions/{id}: sealed, in or late, one live bid per solver, closed early when all answered."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from eth_hash.auto import keccak
from intendly_sdk.messages import AuctionView, Leg, SignedBid
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2

from tests.integration.web.conftest import Relayer
from tests.integration.web.test_submit_intents import high_s
from tests.integration.web.world import DEPLOYMENT, GAS_FEE_USDC, USDC, signed_bid, signed_intent

pytestmark = pytest.mark.integration


class Opened:
    """An accepted intent with an open auction."""

    def __init__(self, relayer: Relayer, *roster: Signer, window_ms: int = 60_000) -> None:
        signed = signed_intent(Signer(os.urandom(32)))
        assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
        self.rows = relayer.rows
        self.intent_hash = signed.intent.hash
        self.id = relayer.rows.open_auction(self.intent_hash, roster, window_ms=window_ms)
        self.closes_at = relayer.rows.closes_at_ms(self.id)

    def bid(self, solver: Signer, **changes: Any) -> SignedBid:
        return signed_bid(solver, self.id, self.intent_hash, self.closes_at, **changes)

    def stored(self) -> list[tuple[bytes, int, str]]:
        """The bids that are in: hash, amount_out, fate."""
        rows = self.rows.run(
            "SELECT b.hash, l.amount_out::text, b.fate FROM bids b JOIN bid_legs l ON l.bid_hash = b.hash"
            " WHERE b.auction_id = %s ORDER BY l.amount_out",
            bytes(self.id),
        )
        return [(bytes(bid_hash), int(amount), fate) for bid_hash, amount, fate in rows]

    def answers(self) -> dict[Address, str | None]:
        rows = self.rows.run("SELECT solver, answer FROM auction_solvers WHERE auction_id = %s", bytes(self.id))
        return {Address(bytes(solver)): answer for solver, answer in rows}

    def close(self, state: str = "closed") -> None:
        self.rows.run(
            "UPDATE auctions SET state = %s, closed_at = clock_timestamp() WHERE id = %s", state, bytes(self.id)
        )


def hash_of(bid: SignedBid) -> bytes:
    return bytes(bid.bid.hash(DEPLOYMENT.domain))


def post(relayer: Relayer, bid: SignedBid) -> tuple[int, dict[str, Any]]:
    answer = relayer.post("/bids", bid.model_dump_json())
    return answer.status_code, answer.json()


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


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_closed_auction(relayer: Relayer, solver: Signer, rival: Signer, state: str) -> None:
    opened = Opened(relayer, solver, rival)
    opened.close(state)
    status, problem = post(relayer, opened.bid(solver))
    assert (status, problem["code"]) == (409, "auction_closed")
    assert opened.stored() == []


def test_past_its_close_it_takes_no_bid_though_nobody_closed_it(
    relayer: Relayer, solver: Signer, rival: Signer
) -> None:
    opened = Opened(relayer, solver, rival, window_ms=0)
    assert post(relayer, opened.bid(solver))[1]["code"] == "auction_closed"


def test_a_bid_that_waits_for_the_lock_past_the_close_is_late(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    """The clock is read after the lock is held: a bid that queued behind another transaction is not in."""
    opened = Opened(relayer, solver, rival, window_ms=1_500)
    bid = opened.bid(solver)
    with closing(psycopg2.connect(relayer.rows.url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("SELECT FROM auctions WHERE id = %s FOR UPDATE", (bytes(opened.id),))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(post, relayer, bid)
            time.sleep(2.0)
            assert not waiting.done()
            blocker.rollback()
            assert waiting.result()[1]["code"] == "auction_closed"
    assert opened.stored() == []


@pytest.mark.parametrize("attempt", range(5))
def test_bids_and_the_close_at_once_lose_no_bid(relayer: Relayer, solver: Signer, attempt: int) -> None:
    """Whoever was told 202 is among the bids that the close reads in its next transaction."""
    roster = [Signer(os.urandom(32)) for _ in range(16)]
    for one in roster:
        relayer.rows.add_solver(one)
    opened = Opened(relayer, solver, *roster)  # `solver` never answers, so it does not close early
    bids = [opened.bid(one) for one in roster]
    go = threading.Barrier(len(roster) + 1)

    def bid_now(bid: SignedBid) -> int:
        go.wait()
        return post(relayer, bid)[0]

    def close_now() -> set[bytes]:
        with closing(psycopg2.connect(relayer.rows.url)) as closer, closer.cursor() as cursor:
            go.wait()
            time.sleep(0.02 + attempt * 0.01)
            while True:
                cursor.execute("SELECT FROM auctions WHERE id = %s FOR UPDATE SKIP LOCKED", (bytes(opened.id),))
                if cursor.rowcount:
                    break
                closer.rollback()
            cursor.execute("UPDATE auctions SET state = 'closing' WHERE id = %s", (bytes(opened.id),))
            closer.commit()
            cursor.execute("SELECT hash FROM bids WHERE auction_id = %s", (bytes(opened.id),))
            return {bytes(row[0]) for row in cursor.fetchall()}

    with ThreadPoolExecutor(len(roster) + 1) as pool:
        closing_read = pool.submit(close_now)
        statuses = list(pool.map(bid_now, bids))
        read = closing_read.result()
    told_in = {hash_of(bid) for bid, status in zip(bids, statuses, strict=True) if status == 202}
    assert set(statuses) <= {202, 409}
    assert told_in == read


def test_it_closes_early_when_everyone_has_answered(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    # The longest that a bid may promise past the close keeps the close from moving further than 3 seconds here.
    opened = Opened(relayer, solver, rival, window_ms=2_000)
    assert post(relayer, opened.bid(solver))[0] == 202
    assert relayer.rows.closes_at_ms(opened.id) == opened.closes_at
    assert post(relayer, opened.bid(rival))[0] == 202
    pulled = relayer.rows.closes_at_ms(opened.id)
    assert opened.closes_at - 1_700 <= pulled < opened.closes_at


def test_a_solver_may_replace_its_bid_after_the_close_moved(relayer: Relayer, solver: Signer) -> None:
    opened = Opened(relayer, solver, window_ms=2_000)
    before = time.monotonic()
    assert post(relayer, opened.bid(solver))[0] == 202
    assert relayer.rows.closes_at_ms(opened.id) < opened.closes_at
    status, body = post(relayer, opened.bid(solver, amount_out=3_030 * 10**6))
    if time.monotonic() - before < 0.2:
        assert status == 202, body


def test_an_early_close_leaves_no_bid_that_promises_too_long(relayer: Relayer, solver: Signer) -> None:
    """The contract takes a bid whose validUntil is at most 15 s past the block of its fill."""
    opened = Opened(relayer, solver, window_ms=60_000)
    bid = opened.bid(solver)
    assert post(relayer, bid)[0] == 202
    pulled = relayer.rows.closes_at_ms(opened.id)
    assert pulled == (bid.bid.valid_until - 13) * 1_000 < opened.closes_at


def test_the_auction_is_sealed_until_its_close(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    opened = Opened(relayer, solver, rival)
    data = os.urandom(40)
    bid = opened.bid(solver, data=data)
    assert post(relayer, bid)[0] == 202
    for state in ("open", "closing"):
        opened.close(state)
        text = relayer.get(f"/auctions/{opened.id}").text
        view = AuctionView.model_validate_json(text)
        assert (view.state, view.bids, view.secret, view.winner) == (state, (), None, None)
        assert view.intents[0].fee == GAS_FEE_USDC
        assert set(view.roster) == {solver.address, rival.address}
        for hidden in (data.hex(), hash_of(bid).hex(), str(3_010 * 10**6)):
            assert hidden not in text
    relayer.rows.run("UPDATE auctions SET winner = %s WHERE id = %s", hash_of(bid), bytes(opened.id))
    relayer.rows.run("UPDATE bids SET fate = 'won' WHERE hash = %s", hash_of(bid))
    opened.close()
    text = relayer.get(f"/auctions/{opened.id}").text
    view = AuctionView.model_validate_json(text)
    assert [shown.bid for shown in view.bids] == [bid.bid]
    assert view.bids[0].bid.hash(DEPLOYMENT.domain) == view.bids[0].bid_hash == view.winner
    assert view.secret is not None
    assert keccak(view.secret) == view.secret_hash
    assert data.hex() not in text

"""A bid is in or late, an auction is sealed until its close, and closes early when everyone has answered."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionView, SignedBid
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.opened import Opened, hash_of, post
from tests.integration.web.world import DEPLOYMENT, GAS_FEE_USDC

pytestmark = pytest.mark.integration


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
        assert view.answers == ()
        for hidden in (data.hex(), hash_of(bid).hex(), str(3_010 * 10**6)):
            assert hidden not in text
    relayer.rows.run("UPDATE auctions SET winner = %s WHERE id = %s", hash_of(bid), bytes(opened.id))
    relayer.rows.run("UPDATE bids SET fate = 'won' WHERE hash = %s", hash_of(bid))
    refusal = "UPDATE auction_solvers SET answer = 'failed', refusal = 'bid_invalid' WHERE solver = %s"
    relayer.rows.run(refusal, bytes(rival.address))
    opened.close()
    text = relayer.get(f"/auctions/{opened.id}").text
    view = AuctionView.model_validate_json(text)
    assert [shown.bid for shown in view.bids] == [bid.bid]
    assert view.bids[0].bid.hash(DEPLOYMENT.domain) == view.bids[0].bid_hash == view.winner
    assert tuple(each.solver for each in view.answers) == view.roster
    told = {each.solver: (each.answer, each.refusal) for each in view.answers}
    assert told == {solver.address: ("bid", None), rival.address: ("failed", "bid_invalid")}
    assert view.secret is not None
    assert keccak(view.secret) == view.secret_hash
    assert data.hex() not in text

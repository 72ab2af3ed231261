"""Bids and declines as the stream and the collection of bids hand them in: several at once, by whoever speaks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from intendly_sdk.messages import BidAccepted, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.db.bids import BidStore
from intendly.adapters.db.engine import Database
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.db.pause import PauseStore
from intendly.domain.bid import BidRules
from intendly.domain.errors import AuctionClosed, BidInvalid, NotFound, SignatureInvalid, SolverUnknown
from intendly.domain.intent import NewIntent
from intendly.domain.reasons import Reason
from intendly.services.place_bid import PlaceBids
from intendly.services.ports import NoBid
from tests.integration.statements import statements
from tests.integration.web.world import DEPLOYMENT, Rows, signed_bid, signed_intent

pytestmark = pytest.mark.integration

SOLVER, RIVAL = Signer(b"\x51" * 32), Signer(b"\x52" * 32)
RULES = BidRules(DEPLOYMENT.domain, frozenset({DEPLOYMENT.settlement}), auction_window_ms=2_000, award_validity_s=10)


class Nudged:
    """The nudges that were sent."""

    def __init__(self) -> None:
        self.tasks: list[str] = []

    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        self.tasks.append(task)


class Pit:
    """A database with two solvers, and what places bids in it."""

    def __init__(self, url: str, *, auction_min_ms: int) -> None:
        self.rows = Rows(url)
        self.rows.seed(SOLVER, RIVAL)
        self.database = Database(url.replace("://", "+psycopg2://", 1), pool_size=12, application="test")
        self.nudged = Nudged()
        store = BidStore(self.database, auction_min_ms=auction_min_ms)
        self.place_bids = PlaceBids(RULES, store, self.nudged, PauseStore(self.database))
        self.intents = IntentStore(self.database, open_max=1_000)

    def open(self, *roster: Signer, window_ms: int = 2_000) -> Auction:
        signed = signed_intent(Signer(os.urandom(32)))
        self.intents.accept_many([NewIntent(signed.intent.hash, signed, Reason.ACCEPTED, 0)])
        auction_id = self.rows.open_auction(signed.intent.hash, roster, window_ms=window_ms)
        return Auction(self.rows, auction_id, signed.intent.hash)


class Auction:
    def __init__(self, rows: Rows, auction_id: Hash32, intent_hash: Hash32) -> None:
        self.rows, self.id, self.intent_hash = rows, auction_id, intent_hash
        self.told_close = rows.closes_at_ms(auction_id)

    def bid(self, solver: Signer, **changes: Any) -> SignedBid:
        return signed_bid(solver, self.id, self.intent_hash, self.told_close, **changes)

    def answers(self) -> dict[Address, str | None]:
        rows = self.rows.run("SELECT solver, answer FROM auction_solvers WHERE auction_id = %s", bytes(self.id))
        return {Address(bytes(solver)): answer for solver, answer in rows}

    def bids(self) -> int:
        return int(self.rows.one("SELECT count(*) FROM bids WHERE auction_id = %s", bytes(self.id)))

    def is_pulled(self) -> bool:
        return self.rows.closes_at_ms(self.id) < self.told_close


@pytest.fixture
def pit(database_url: str) -> Iterator[Pit]:
    """Auctions may close at once here."""
    pit = Pit(database_url, auction_min_ms=0)
    yield pit
    pit.database.dispose()


def test_each_of_several_bids_has_its_own_outcome(pit: Pit) -> None:
    one, two, gone = pit.open(SOLVER, RIVAL), pit.open(SOLVER, RIVAL), pit.open(SOLVER, window_ms=0)
    outcomes = pit.place_bids.place_many(
        [
            one.bid(SOLVER),
            two.bid(SOLVER, signer=RIVAL),
            gone.bid(SOLVER),
            signed_bid(SOLVER, Hash32(b"\x09" * 32), one.intent_hash, one.told_close),
            two.bid(SOLVER),
            two.bid(RIVAL),
        ],
        via=[SOLVER.address] * 6,
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [BidAccepted, SignatureInvalid, AuctionClosed, NotFound, BidAccepted, BidInvalid]
    assert [auction.bids() for auction in (one, two, gone)] == [1, 1, 0]


def test_the_last_of_several_in_one_auction_stays(pit: Pit) -> None:
    auction = pit.open(SOLVER, RIVAL)
    bids = [auction.bid(SOLVER, amount_out=amount) for amount in (1, 2, 3)]
    assert all(isinstance(outcome, BidAccepted) for outcome in pit.place_bids.place_many(bids))
    stored = pit.rows.one("SELECT hash FROM bids WHERE auction_id = %s", bytes(auction.id))
    assert stored == bytes(bids[-1].bid.hash(DEPLOYMENT.domain))


@pytest.mark.parametrize("number", [1, 40])
def test_the_statements_do_not_grow_with_the_bids(pit: Pit, number: int) -> None:
    auctions = [pit.open(SOLVER, RIVAL, window_ms=30_000) for _ in range(number)]
    bids = [auction.bid(SOLVER) for auction in auctions]
    pit.place_bids.place_many([])  # reads whether the venue is paused, which holds for a second
    with statements(pit.database) as seen:
        assert all(isinstance(outcome, BidAccepted) for outcome in pit.place_bids.place_many(bids))
    assert len(seen) == 3


def test_a_bid_in_place_of_the_last_does_not_look_at_the_close(database_url: str) -> None:
    pit = Pit(database_url, auction_min_ms=25_000)
    auction = pit.open(SOLVER, RIVAL, window_ms=30_000)
    terms = {"valid_until": auction.told_close // 1_000 + 1}
    pit.place_bids.place(auction.bid(SOLVER, **terms))
    pit.place_bids.place(auction.bid(RIVAL, **terms))
    assert auction.is_pulled()
    with statements(pit.database) as seen:
        assert pit.place_bids.place(auction.bid(SOLVER, amount_out=3_030 * 10**6, **terms)).created
    assert len(seen) == 2
    assert (auction.bids(), pit.rows.closes_at_ms(auction.id)) == (2, auction.told_close - 5_000)
    pit.database.dispose()


def test_declines_and_failures_count_as_answers(pit: Pit) -> None:
    auction = pit.open(SOLVER, RIVAL)
    pit.place_bids.decline(auction.id, SOLVER.address)
    assert (auction.is_pulled(), pit.nudged.tasks) == (False, [])
    pit.place_bids.record_no_bids([NoBid(auction.id, RIVAL.address, "failed")])
    assert auction.answers() == {SOLVER.address: "declined", RIVAL.address: "failed"}
    assert (auction.is_pulled(), pit.nudged.tasks) == (True, ["auctions.close"])


def test_a_decline_after_a_bid_leaves_the_bid(pit: Pit) -> None:
    auction = pit.open(SOLVER, RIVAL)
    pit.place_bids.place(auction.bid(SOLVER))
    pit.place_bids.decline(auction.id, SOLVER.address)
    assert (auction.answers()[SOLVER.address], auction.bids()) == ("bid", 1)


def test_a_bid_after_a_decline_is_in(pit: Pit) -> None:
    auction = pit.open(SOLVER, RIVAL)
    pit.place_bids.decline(auction.id, SOLVER.address)
    assert pit.place_bids.place(auction.bid(SOLVER)).created
    assert auction.answers()[SOLVER.address] == "bid"


def test_who_may_not_decline(pit: Pit) -> None:
    auction, gone = pit.open(SOLVER), pit.open(SOLVER, window_ms=0)
    with pytest.raises(SolverUnknown):
        pit.place_bids.decline(auction.id, RIVAL.address)
    with pytest.raises(AuctionClosed):
        pit.place_bids.decline(gone.id, SOLVER.address)
    with pytest.raises(NotFound):
        pit.place_bids.decline(Hash32(b"\x08" * 32), SOLVER.address)


def test_an_empty_roster_never_closes_early(pit: Pit) -> None:
    auction = pit.open()
    pit.place_bids.record_no_bids([NoBid(auction.id, SOLVER.address, "failed")])
    assert (auction.is_pulled(), pit.nudged.tasks) == (False, [])


def test_it_never_closes_before_its_shortest_time(database_url: str) -> None:
    pit = Pit(database_url, auction_min_ms=1_000)
    auction = pit.open(SOLVER)
    pit.place_bids.decline(auction.id, SOLVER.address)
    assert pit.rows.closes_at_ms(auction.id) == auction.told_close - 1_000
    assert pit.nudged.tasks == []  # it is not due yet; beat's tick will find it
    pit.database.dispose()


def test_all_answering_at_once_neither_wait_for_each_other_nor_lose_a_bid(pit: Pit) -> None:
    """Sharers of an auction's row that then pull its close would deadlock within one transaction."""
    roster = [Signer(os.urandom(32)) for _ in range(10)]
    for one in roster:
        pit.rows.add_solver(one)
    for _ in range(6):
        auctions = [pit.open(*roster, window_ms=30_000) for _ in range(3)]

        def answer(solver: Signer, auctions: list[Auction] = auctions) -> list[Any]:
            return pit.place_bids.place_many([auction.bid(solver) for auction in reversed(auctions)])

        with ThreadPoolExecutor(len(roster)) as pool:
            outcomes = [outcome for several in pool.map(answer, roster) for outcome in several]
        assert sum(isinstance(outcome, BidAccepted) for outcome in outcomes) == 30
        assert [auction.bids() for auction in auctions] == [10, 10, 10]
        assert all(auction.is_pulled() for auction in auctions)

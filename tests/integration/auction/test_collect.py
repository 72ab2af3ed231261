"""bids.collect on a real database, asking real servers of strangers over HTTP."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from intendly_sdk.messages import BidRequest, BidResponse, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.asking.solvers import HttpSolvers
from intendly.adapters.db.asks import AskStore
from intendly.adapters.db.auction_views import AuctionViews
from intendly.services.auction_ports import Answered, Ask, AskFailed, CrowdedOut
from intendly.services.collect_bids import CollectBids
from tests.integration.auction.desk import Desk
from tests.integration.statements import statements
from tests.integration.web.world import DEPLOYMENT, signed_bid

pytestmark = pytest.mark.integration

NO_AUCTION = Hash32(b"\x99" * 32)
Price = Callable[[BidRequest], BidResponse]


class AskedSolver:
    """A solver's own server: answers each request by `price`, and keeps what it was asked."""

    def __init__(self, price: Price) -> None:
        self.requests: list[BidRequest] = []
        solver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = BidRequest.model_validate_json(self.rfile.read(int(self.headers["content-length"])))
                solver.requests.append(request)
                body = price(request).model_dump_json().encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/bids"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def asked(desk: Desk, signer: Signer, price: Price) -> Iterator[AskedSolver]:
    """The solver's endpoint in the registry, and a server behind it."""
    with closing(AskedSolver(price)) as server:
        set_endpoint(desk, signer, server.url)
        yield server


def set_endpoint(desk: Desk, signer: Signer, url: str) -> None:
    desk.rows.run("UPDATE solvers SET endpoint = %s WHERE address = %s", url, bytes(signer.address))


def collector(desk: Desk, timeout_ms: int = 1_000) -> CollectBids:
    solvers = HttpSolvers(timeout_ms=timeout_ms, allow_private=True)
    desk.closing.callback(solvers.close)
    return CollectBids(AskStore(desk.database, DEPLOYMENT), solvers, desk.bids, timeout_ms=timeout_ms)


def bids_for(request: BidRequest, signer: Signer, **changes: Any) -> list[SignedBid]:
    return [
        signed_bid(
            signer,
            auction.auction_id,
            auction.intents[0].intent_hash,
            auction.closes_at,
            **({"fee": auction.intents[0].fee} | changes),
        )
        for auction in request.auctions
    ]


def bidding(signer: Signer, **changes: Any) -> Price:
    return lambda request: BidResponse(bids=tuple(bids_for(request, signer, **changes)))


def answers(desk: Desk) -> dict[Address, list[str | None]]:
    told: dict[Address, list[str | None]] = {}
    for solver, answer in desk.rows.run("SELECT solver, answer FROM auction_solvers ORDER BY auction_id"):
        told.setdefault(Address(bytes(solver)), []).append(answer)
    return told


def refusals(desk: Desk) -> dict[Address, list[tuple[str | None, str | None]]]:
    """Of each solver in each auction, once all are closed, as anyone reads them: its answer and what was wrong."""
    views, told = AuctionViews(desk.database, DEPLOYMENT), dict[Address, list[tuple[str | None, str | None]]]()
    for (auction_id,) in desk.rows.run("SELECT id FROM auctions ORDER BY id"):
        view = views.find(Hash32(bytes(auction_id)))
        assert view is not None
        assert tuple(each.solver for each in view.answers) == view.roster
        for each in view.answers:
            told.setdefault(each.solver, []).append((each.answer, each.refusal))
    return told


def test_one_request_carries_every_open_auction_and_its_bids_are_in(desk: Desk, solver: Signer) -> None:
    with asked(desk, solver, bidding(solver)) as server:
        desk.accept(5)
        desk.opener().run()
        assert collector(desk).run() == 1
        (request,) = server.requests
        assert len(request.auctions) == 5
        assert all(0 < auction.ms_left <= 60_000 for auction in request.auctions)
        assert collector(desk).run() == 0  # nobody is asked twice
        assert len(server.requests) == 1
    assert desk.rows.count("bids") == 5
    assert answers(desk)[solver.address] == ["bid"] * 5


def test_everyone_has_answered_so_the_auction_closes_early(desk: Desk, solver: Signer, rival: Signer) -> None:
    with (
        asked(desk, solver, bidding(solver)),
        asked(desk, rival, lambda _request: BidResponse(bids=())),
    ):
        desk.accept()
        desk.opener(window_ms=2_500).run()
        desk.nudged.tasks.clear()
        assert collector(desk).run() == 2
    told = answers(desk)
    assert (told[solver.address], told[rival.address]) == (["bid"], ["declined"])
    assert desk.rows.one("SELECT closes_at < opened_at + interval '2 seconds' FROM auctions")
    assert desk.nudged.tasks == ["auctions.close"]
    assert desk.closer().run() == 1


def test_who_does_not_answer_counts_as_having_answered(desk: Desk, solver: Signer, rival: Signer) -> None:
    def hang(_request: BidRequest) -> BidResponse:
        time.sleep(3)
        return BidResponse(bids=())

    with asked(desk, solver, bidding(solver)), asked(desk, rival, hang):
        desk.accept()
        desk.opener().run()
        began = time.monotonic()
        collector(desk, timeout_ms=400).run()
        assert time.monotonic() - began < 2.5
    told = answers(desk)
    assert (told[solver.address], told[rival.address]) == (["bid"], ["failed"])
    desk.end_window()
    desk.closer().run()
    assert refusals(desk) == {solver.address: [("bid", None)], rival.address: [("failed", "no_answer")]}


def test_a_fast_bid_is_in_while_the_slow_one_is_waited_for(desk: Desk, solver: Signer, rival: Signer) -> None:
    """The slow solver looks at the table from inside its answer: the fast one's bid is there already."""
    seen: list[int] = []

    def slow(_request: BidRequest) -> BidResponse:
        ends = time.monotonic() + 3
        while desk.rows.count("bids") == 0 and time.monotonic() < ends:
            time.sleep(0.02)
        seen.append(desk.rows.count("bids"))
        return BidResponse(bids=())

    with asked(desk, solver, bidding(solver)), asked(desk, rival, slow):
        desk.accept()
        desk.opener().run()
        collector(desk, timeout_ms=5_000).run()
    assert seen == [1]


def test_a_bid_that_breaks_a_rule_or_is_not_the_solvers_own_stays_out(
    desk: Desk, solver: Signer, rival: Signer
) -> None:
    def another_fee(request: BidRequest) -> BidResponse:
        good, bad = bids_for(request, solver)[:1], bids_for(request, solver, fee=1)[1:]
        return BidResponse(bids=(*good, *bad))

    with asked(desk, solver, another_fee), asked(desk, rival, bidding(solver)):
        hashes = desk.accept(2)
        desk.opener().run()
        collector(desk).run()
    told = answers(desk)
    assert sorted(map(str, told[solver.address])) == ["bid", "failed"]
    assert told[rival.address] == ["failed", "failed"]
    auction = AuctionViews(desk.database, DEPLOYMENT).find(desk.auction_of(hashes[0]))
    assert auction is not None
    assert (len(auction.roster), auction.answers) == (2, ()), "hidden until the close"
    desk.end_window()
    desk.closer().run()
    seen = refusals(desk)
    assert sorted(seen[solver.address]) == [("bid", None), ("failed", "bid_invalid")]
    assert seen[rival.address] == [("failed", "not_its_bids")] * 2, "its bids are all another's"
    assert desk.rows.one("SELECT count(*) FROM bids WHERE solver = %s", bytes(solver.address)) == 1
    assert desk.rows.one("SELECT count(*) FROM bids") == 1


def test_a_bid_for_an_auction_that_was_not_asked_about_is_ignored(desk: Desk, solver: Signer) -> None:
    other: list[SignedBid] = []

    def wrong_auction(request: BidRequest) -> BidResponse:
        other.extend(
            signed_bid(solver, NO_AUCTION, auction.intents[0].intent_hash, auction.closes_at)
            for auction in request.auctions
        )
        return BidResponse(bids=tuple(other))

    with asked(desk, solver, wrong_auction):
        desk.accept()
        desk.opener().run()
        collector(desk).run()
    assert len(other) == 1
    assert desk.rows.count("bids") == 0
    assert answers(desk)[solver.address] == ["declined"]


def test_collectors_at_once_ask_each_solver_once(desk: Desk, solver: Signer) -> None:
    with asked(desk, solver, bidding(solver)) as server:
        desk.accept(20)
        desk.opener().run()
        threads = [threading.Thread(target=collector(desk).run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked_about = [auction.auction_id for request in server.requests for auction in request.auctions]
    assert len(asked_about) == len(set(asked_about)) == 20
    assert desk.rows.count("bids") == 20


def test_what_a_dead_worker_asked_in_vain_is_asked_again(desk: Desk, solver: Signer) -> None:
    with asked(desk, solver, bidding(solver)) as server:
        desk.accept()
        desk.opener().run()
        dead = AskStore(desk.database, DEPLOYMENT)
        assert len(dead.claim(1_000)) == 1  # claimed, and killed before it asked
        assert collector(desk).run() == 0
        desk.rows.run("UPDATE auction_solvers SET asked_at = asked_at - interval '2 seconds'")
        assert collector(desk).run() == 1
        assert len(server.requests) == 1
    assert desk.rows.count("bids") == 1


def test_a_closed_auction_is_not_asked_about(desk: Desk, solver: Signer) -> None:
    with asked(desk, solver, bidding(solver)) as server:
        desk.accept()
        desk.opener().run()
        desk.end_window()
        assert collector(desk).run() == 0
        assert server.requests == []


@pytest.mark.parametrize("count", [1, 50])
def test_the_statements_do_not_grow_with_the_auctions(desk: Desk, solver: Signer, count: int) -> None:
    with asked(desk, solver, bidding(solver)):
        desk.accept(count)
        desk.opener().run()
        with statements(desk.database) as sent:
            collector(desk).run()
    assert len(sent) <= 8


class Answers:
    """Every solver that is asked has answered when one looks: all in one batch."""

    def __init__(self, *signers: Signer, crowded_out: Collection[Address] = ()) -> None:
        self._signers = {signer.address: signer for signer in signers}
        self.crowded_out = crowded_out

    def ask_each(self, asks: Sequence[Ask]) -> Iterator[list[Answered]]:
        yield [(ask, self._answer(ask)) for ask in asks]

    def _answer(self, ask: Ask) -> BidResponse | AskFailed | CrowdedOut:
        if ask.solver in self.crowded_out:
            return CrowdedOut()
        if ask.solver not in self._signers:
            return AskFailed("it is away")
        request = BidRequest(auctions=ask.auctions)
        return BidResponse(bids=tuple(bids_for(request, self._signers[ask.solver])))


def _many(desk: Desk, count: int) -> list[Signer]:
    """So many more solvers with an endpoint."""
    signers = [Signer(os.urandom(32)) for _ in range(count)]
    for signer in signers:
        desk.rows.add_solver(signer)
    desk.rows.run("UPDATE solvers SET endpoint = 'http://127.0.0.1:9/'")
    return signers


@pytest.mark.parametrize("count", [1, 60])
def test_the_statements_do_not_grow_with_the_solvers_that_answer_together(
    desk: Desk, solver: Signer, count: int
) -> None:
    more = _many(desk, count)
    desk.accept(2)
    desk.opener().run()
    collect = CollectBids(AskStore(desk.database, DEPLOYMENT), Answers(solver, *more), desk.bids, timeout_ms=1_000)
    with statements(desk.database) as sent:
        assert collect.run() == count + 2
    assert len(sent) <= 10
    told = answers(desk)
    assert [told.pop(signer.address) for signer in (solver, *more)] == [["bid"] * 2] * (count + 1)
    assert list(told.values()) == [["failed"] * 2]  # the rival's


def test_one_that_was_crowded_out_has_not_answered_and_is_asked_by_the_next_tick(
    desk: Desk, solver: Signer, rival: Signer
) -> None:
    set_endpoint(desk, solver, "http://127.0.0.1:9/")
    set_endpoint(desk, rival, "http://127.0.0.1:9/")
    desk.accept(2)
    desk.opener().run()
    solvers = Answers(solver, rival, crowded_out=[rival.address])
    collect = CollectBids(AskStore(desk.database, DEPLOYMENT), solvers, desk.bids, timeout_ms=1_000)
    assert collect.run() == 2
    assert answers(desk) == {solver.address: ["bid"] * 2, rival.address: [None] * 2}
    solvers.crowded_out = ()
    assert collect.run() == 1
    assert answers(desk) == {solver.address: ["bid"] * 2, rival.address: ["bid"] * 2}


def test_an_answer_that_cannot_be_taken_loses_none_of_those_that_came_with_it(
    desk: Desk, solver: Signer, rival: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_endpoint(desk, solver, "http://127.0.0.1:9/")
    set_endpoint(desk, rival, "http://127.0.0.1:9/")
    desk.accept()
    desk.opener().run()
    place_many = desk.bids.place_many

    def breaks_at_the_rival(bids: Sequence[SignedBid], **rest: Any) -> Any:
        if any(bid.bid.solver == rival.address for bid in bids):
            raise RuntimeError("a mistake of ours")
        return place_many(bids, **rest)

    monkeypatch.setattr(desk.bids, "place_many", breaks_at_the_rival)
    CollectBids(AskStore(desk.database, DEPLOYMENT), Answers(solver, rival), desk.bids, timeout_ms=1_000).run()
    assert answers(desk) == {solver.address: ["bid"], rival.address: [None]}


def test_of_several_bids_in_one_auction_the_last_counts(desk: Desk, solver: Signer) -> None:
    def many(request: BidRequest) -> BidResponse:
        bids = [bid for n in range(200) for bid in bids_for(request, solver, amount_out=3_000 * 10**6 + n)]
        return BidResponse(bids=tuple(bids))

    with asked(desk, solver, many):
        desk.accept()
        desk.opener().run()
        collector(desk).run()
    assert desk.rows.run("SELECT amount_out::bigint FROM bid_legs") == [(3_000 * 10**6 + 199,)]

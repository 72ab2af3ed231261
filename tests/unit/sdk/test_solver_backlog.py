"""A solver that falls behind sheds the oldest auctions and says so; prices may be coroutines; both end cleanly."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from intendly_sdk.http_solver import HttpSolver
from intendly_sdk.messages import AuctionOpened, BidRequest, BidResponse, QuoteAnswer, QuoteAsk
from intendly_sdk.pricing import Shed, Turns
from intendly_sdk.solver import Offer, Solver
from intendly_sdk.stream_messages import ClientMessage, Decline, PlaceBid
from intendly_sdk.stream_solver import StreamSolver

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver, offer
from tests.unit.sdk.venue import Peer, stream_venue

ASK = QuoteAsk(token_in=samples.WETH.address, amount_in=10**18, token_out=samples.USDC.address)


@pytest.fixture(autouse=True)
def _told_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    """Another test may have set up the log of the whole process."""
    caplog.set_level(logging.INFO, logger="intendly_sdk.solver")


class Held(FixedSolver):
    """Prices nothing until `go`, and says when it has begun."""

    def __init__(self, url: str = "ws://127.0.0.1:9") -> None:
        super().__init__(offer(), url)
        self.began, self.go = threading.Event(), threading.Event()
        self.priced: list[int] = []

    def price(self, auction: AuctionOpened) -> Offer | None:
        self.began.set()
        assert self.go.wait(20)
        self.priced.append(auction.auction_id[-1])
        return super().price(auction)


class Async(Solver):
    """Its prices are all made on one loop."""

    def __init__(self, url: str = "ws://127.0.0.1:9") -> None:
        super().__init__(samples.SOLVER, samples.config(url))
        self.loops: set[asyncio.AbstractEventLoop] = set()

    async def price(self, auction: AuctionOpened) -> Offer | None:
        await asyncio.sleep(0)
        self.loops.add(asyncio.get_running_loop())
        if auction.auction_id[-1] == 13:
            raise OSError("rpc")
        return offer() if auction.auction_id[-1] % 2 == 0 else None


def opened(peer: Peer, number: int, ms_left: int = 20_000) -> None:
    auction = samples.auction(number=number, ms_left=ms_left)
    peer.event(
        f"1-{number}",
        "auction.opened",
        auction_id=str(auction.auction_id),
        data=json.loads(auction.model_dump_json(exclude={"auction_id", "server_time", "ms_left"})),
        server_time=auction.server_time,
        ms_left=ms_left,
    )


def log_in(peer: Peer) -> None:
    peer.hello()
    peer.accept(peer.hear())
    peer.accept(peer.hear())


def shed(records: list[logging.LogRecord]) -> int:
    """How many the log says were shed."""
    found = [re.search(r"auction\.shed count=(\d+)", record.getMessage()) for record in records]
    return sum(int(one[1]) for one in found if one)


@contextmanager
def running(runner: StreamSolver | HttpSolver) -> Iterator[None]:
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join(10)
        assert not thread.is_alive()
        assert not [one.name for one in threading.enumerate() if one.name.startswith(("price", "intendly"))]


def test_over_the_stream_the_oldest_are_shed_and_declined(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[ClientMessage] = []
    done = threading.Event()
    solver = Held()

    def script(peer: Peer) -> None:
        log_in(peer)
        opened(peer, 1)
        assert solver.began.wait(10)
        for number in range(2, 7):
            opened(peer, number)
        heard.extend(peer.hear() for _ in range(3))
        solver.go.set()
        for _ in range(3):
            heard.append(peer.hear())
            peer.accept(heard[-1])
        done.set()
        peer.wait_closed()

    with stream_venue(script) as url, running(StreamSolver(solver, stream_url=url, workers=1, backlog=2)):
        assert done.wait(20)
    declined = [message.auction_id[-1] for message in heard if isinstance(message, Decline)]
    bids = [message.signed_bid.bid.auction_id[-1] for message in heard if isinstance(message, PlaceBid)]
    assert (declined, bids) == ([2, 3, 4], [1, 5, 6])
    assert [message.type for message in heard] == ["decline"] * 3 + ["bid"] * 3, "nobody waits for what is shed"
    assert shed(caplog.records) == 3


def test_what_has_closed_before_its_turn_is_not_priced(caplog: pytest.LogCaptureFixture) -> None:
    solver = Held()
    solver.go.set()
    runner = HttpSolver(solver)
    with running(runner):
        runner.respond(BidRequest(auctions=(samples.auction(number=1, ms_left=0), samples.auction(number=2))))
    assert solver.priced == [2]
    assert shed(caplog.records) == 1


def test_a_lost_line_is_noted_and_a_failing_heard_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    seen, gone, done = threading.Event(), threading.Event(), threading.Event()

    class Failing(FixedSolver):
        def heard(self, event: object) -> None:
            raise KeyError("mine")

    def first(peer: Peer) -> None:
        log_in(peer)
        peer.event("1-1", "bid.decided", data={"fate": "won"})
        peer.event("1-2", "solver.changed", data={"active": True})
        assert seen.wait(10)
        peer._socket.close(4401, "log in again")

    def second(peer: Peer) -> None:
        assert gone.wait(10)
        log_in(peer)
        opened(peer, 3)
        peer.accept(peer.hear())
        done.set()
        peer.wait_closed()

    with stream_venue(first, second) as url:
        runner = StreamSolver(Failing(offer()), stream_url=url)
        with running(runner):
            assert runner.connected.wait(10)
            seen.set()
            while runner.connected.is_set():
                threading.Event().wait(0.01)
            gone.set()
            assert done.wait(20)
            assert runner.connected.wait(10)
    said = caplog.text
    assert "bid.decided.heard_failed" in said
    assert "stream.lost" in said


def test_a_price_may_be_a_coroutine_over_the_stream() -> None:
    heard: list[ClientMessage] = []
    done = threading.Event()
    solver = Async()

    def script(peer: Peer) -> None:
        log_in(peer)
        for number in (2, 3, 13):
            opened(peer, number)
            heard.append(peer.hear())
            peer.accept(heard[-1])
        done.set()
        peer.wait_closed()

    async def main(url: str) -> None:
        runner = StreamSolver(solver, stream_url=url)
        serving = asyncio.create_task(runner.serve())
        await asyncio.to_thread(done.wait, 20)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert solver.loops == {asyncio.get_running_loop()}

    with stream_venue(script) as url:
        asyncio.run(main(url))
    assert [message.type for message in heard] == ["bid", "decline", "decline"]


def test_a_price_may_be_a_coroutine_over_http() -> None:
    solver = Async()
    runner = HttpSolver(solver)
    with running(runner):
        request = BidRequest(auctions=tuple(samples.auction(number=n) for n in (1, 2, 13, 4)), quotes=(ASK,))
        answers = [runner.respond(request) for _ in range(2)]
    assert [[bid.bid.auction_id[-1] for bid in answer.bids] for answer in answers] == [[2, 4]] * 2
    assert answers[0].quotes == (QuoteAnswer(amount=3_000 * 10**6),)
    assert len(solver.loops) == 1
    with pytest.raises(TypeError, match="async"):
        solver.answer(samples.auction(number=2))


def test_over_http_the_oldest_are_shed(caplog: pytest.LogCaptureFixture) -> None:
    solver = Held()
    runner = HttpSolver(solver, workers=1, backlog=2, answer_s=20)
    auctions = tuple(samples.auction(number=n, ms_left=20_000) for n in range(1, 7))
    aged = tuple(one.model_copy(update={"opened_at": one.opened_at + 10 - n}) for n, one in enumerate(auctions))
    answers: list[BidResponse] = []
    with running(runner):
        asking = threading.Thread(target=lambda: answers.append(runner.respond(BidRequest(auctions=aged))))
        asking.start()
        assert solver.began.wait(10)
        solver.go.set()
        asking.join(20)
    assert solver.priced == [6, 2, 1], "the oldest had the first turn; of the others the oldest were shed"
    assert [bid.bid.auction_id[-1] for bid in answers[0].bids] == [1, 2, 6]
    assert shed(caplog.records) == 3


def test_http_answers_in_time_without_what_is_not_priced() -> None:
    solver = Held()
    runner = HttpSolver(solver, workers=1, answer_s=0.2)
    with running(runner):
        late = runner.respond(BidRequest(auctions=(samples.auction(),), quotes=(ASK,)))
        assert (late.bids, late.quotes) == ((), (QuoteAnswer(),))
        solver.go.set()
        while not (again := runner.respond(BidRequest(auctions=(samples.auction(number=2),)))).bids:
            pass
    assert [bid.bid.auction_id[-1] for bid in again.bids] == [2]


def test_who_is_cancelled_gives_the_turn_back() -> None:
    async def main() -> None:
        turns = Turns(1, backlog=2)
        order: list[str] = []

        async def take(name: str) -> None:
            try:
                async with turns.turn(float("inf")):
                    order.append(name)
            except Shed:
                order.append(f"{name} shed")

        async with turns.turn(float("inf")):
            tasks = [asyncio.create_task(take(name)) for name in "abc"]
            await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.gather(tasks[0], tasks[1], return_exceptions=True)
            assert order == ["a shed"]
            handed = asyncio.create_task(take("d"))
            await asyncio.sleep(0)
        tasks[2].cancel()  # it has just been handed the turn
        await asyncio.wait_for(handed, 10)
        assert order == ["a shed", "d"]
        async with turns.turn(float("inf")):
            assert turns._free == 0
        assert turns._free == 1

    asyncio.run(main())


@pytest.mark.parametrize(("workers", "backlog"), [(0, 1), (1, 0)])
def test_bounds_that_are_none_are_refused(workers: int, backlog: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        HttpSolver(FixedSolver(None), workers=workers, backlog=backlog)
    with pytest.raises(ValueError, match="at least 1"):
        StreamSolver(FixedSolver(None), workers=workers, backlog=backlog)

"""A solver on the stream keeps its answers over a lost line, its key over a rotation, and its time for auctions."""

from __future__ import annotations

import logging
import re
import threading
import time

import pytest
from intendly_sdk.messages import AuctionOpened, Event
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.solver import Offer
from intendly_sdk.stream_messages import ClientMessage, Decline, Login, PlaceBid
from intendly_sdk.stream_solver import StreamSolver
from intendly_sdk.typed_data import stream_login_digest

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver, offer
from tests.unit.sdk.test_solver_backlog import log_in, opened, running, shed
from tests.unit.sdk.venue import CHALLENGE, Peer, stream_venue

NEW = samples.SWAPPER


@pytest.fixture(autouse=True)
def _told_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    """Another test may have set up the log of the whole process."""
    caplog.set_level(logging.INFO, logger="intendly_sdk.solver")


class Held(FixedSolver):
    """Prices once `go` is set, and says when it has begun."""

    def __init__(self) -> None:
        super().__init__(offer())
        self.began, self.go = threading.Event(), threading.Event()
        self.asked: list[AuctionOpened] = []

    def price(self, auction: AuctionOpened) -> Offer | None:
        self.asked.append(auction)
        self.began.set()
        assert self.go.wait(20)
        return super().price(auction)


def numbered(message: ClientMessage) -> tuple[str, int]:
    """What it does about which auction."""
    if isinstance(message, Decline):
        return "decline", message.auction_id[-1]
    assert isinstance(message, PlaceBid)
    return "bid", message.signed_bid.bid.auction_id[-1]


def answered(peer: Peer) -> ClientMessage:
    """The next request, accepted."""
    peer.accept(request := peer.hear())
    return request


def test_an_answer_that_is_priced_while_the_line_is_lost_is_sent_on_the_next_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    solver, done = Held(), threading.Event()
    runner: list[StreamSolver] = []

    def first(peer: Peer) -> None:
        log_in(peer)
        opened(peer, 1)
        assert solver.began.wait(10)
        peer.drop()

    def second(peer: Peer) -> None:
        assert runner[0].connected.wait(0) is False
        solver.go.set()
        while "auction.answered" not in caplog.text:
            time.sleep(0.01)
        log_in(peer)
        assert numbered(answered(peer)) == ("bid", 1)
        done.set()
        peer.wait_closed()

    with stream_venue(first, second) as url:
        runner.append(StreamSolver(solver, stream_url=url))
        with running(runner[0]):
            assert done.wait(20)
    assert "unanswered" not in caplog.text


@pytest.mark.parametrize("number", [1, 2])
def test_an_answer_whose_reply_was_lost_is_sent_again(number: int, caplog: pytest.LogCaptureFixture) -> None:
    done, heard = threading.Event(), []

    class Odd(FixedSolver):
        def price(self, auction: AuctionOpened) -> Offer | None:
            return super().price(auction) if auction.auction_id[-1] % 2 else None

    def first(peer: Peer) -> None:
        log_in(peer)
        opened(peer, number)
        heard.append(peer.hear())
        peer.drop()

    def second(peer: Peer) -> None:
        log_in(peer)
        heard.append(answered(peer))
        done.set()
        peer.wait_closed()

    with stream_venue(first, second) as url, running(StreamSolver(Odd(offer()), stream_url=url)):
        assert done.wait(20)
    one, again = (message.model_dump(exclude={"id"}) for message in heard)
    assert one == again
    assert numbered(heard[0]) == ("bid" if number % 2 else "decline", number)
    assert "unanswered" not in caplog.text


def test_an_answer_is_not_kept_past_the_close(caplog: pytest.LogCaptureFixture) -> None:
    def first(peer: Peer) -> None:
        log_in(peer)
        opened(peer, 1, ms_left=300)
        peer.hear()
        peer.drop()

    def second(peer: Peer) -> None:
        while "auction.unanswered" not in caplog.text:
            time.sleep(0.01)
        log_in(peer)
        opened(peer, 3)
        assert numbered(answered(peer)) == ("bid", 3)
        done.set()
        peer.wait_closed()

    done = threading.Event()
    with stream_venue(first, second) as url, running(StreamSolver(FixedSolver(offer()), stream_url=url)):
        assert done.wait(20)


def test_a_heard_that_is_slow_holds_up_no_auction_and_hears_all_in_order() -> None:
    go, done = threading.Event(), threading.Event()
    told: list[str] = []

    class Slow(FixedSolver):
        def heard(self, event: Event) -> None:
            assert go.wait(20)
            told.append(event.cursor)
            if len(told) == 3:
                done.set()

    def script(peer: Peer) -> None:
        log_in(peer)
        for number in (1, 2, 3):
            peer.event(f"1-{number}", "bid.decided", data={"fate": "lost"})
        opened(peer, 4)
        assert numbered(answered(peer)) == ("bid", 4)
        go.set()
        peer.wait_closed()

    with stream_venue(script) as url, running(StreamSolver(Slow(offer()), stream_url=url)):
        assert done.wait(20)
    assert told == ["1-1", "1-2", "1-3"]


def test_events_beyond_what_may_wait_for_heard_are_left_out_and_said_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intendly_sdk.solver_fates.WAITING_MAX", 2)
    began, go, done = threading.Event(), threading.Event(), threading.Event()
    told: list[str] = []

    class Slow(FixedSolver):
        def heard(self, event: Event) -> None:
            began.set()
            assert go.wait(20)
            told.append(event.cursor)
            if event.cursor == "1-5":
                done.set()

    def script(peer: Peer) -> None:
        log_in(peer)
        peer.event("1-1", "bid.decided", data={"fate": "lost"})
        assert began.wait(10)
        for number in range(2, 6):
            peer.event(f"1-{number}", "bid.decided", data={"fate": "lost"})
        opened(peer, 6)
        answered(peer)
        go.set()
        peer.wait_closed()

    with stream_venue(script) as url, running(StreamSolver(Slow(offer()), stream_url=url)):
        assert done.wait(20)
    assert told == ["1-1", "1-4", "1-5"]
    assert caplog.text.count("bid.decided.unheard") == 2


def test_what_is_left_of_an_auction_is_counted_from_when_it_came(caplog: pytest.LogCaptureFixture) -> None:
    solver, done = Held(), threading.Event()

    def script(peer: Peer) -> None:
        log_in(peer)
        opened(peer, 1, ms_left=20_000)
        assert solver.began.wait(10)
        opened(peer, 3, ms_left=60_000)  # waits for its turn
        opened(peer, 5, ms_left=1)  # closes meanwhile
        began = time.monotonic()
        while time.monotonic() - began < 0.3:
            time.sleep(0.01)
        solver.go.set()
        assert [numbered(answered(peer)) for _ in range(2)] == [("bid", 1), ("bid", 3)]
        done.set()
        peer.wait_closed()

    with stream_venue(script) as url, running(StreamSolver(solver, stream_url=url, workers=1)):
        assert done.wait(20)
    assert [auction.auction_id[-1] for auction in solver.asked] == [1, 3]
    assert solver.asked[1].ms_left <= 59_700
    told_at = solver.asked[0].server_time - (20_000 - solver.asked[0].ms_left)
    assert solver.asked[1].server_time - told_at == 60_000 - solver.asked[1].ms_left
    left = [int(found) for found in re.findall(r"auction.answered .* ms_left=(\d+)", caplog.text)]
    assert left[0] <= 19_700, "at the answer, not when it was heard"
    assert shed(caplog.records) == 1


def test_a_line_that_is_lost_is_told_with_its_code_and_so_is_each_connection(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def first(peer: Peer) -> None:
        log_in(peer)
        while "stream.subscribed" not in caplog.text:
            time.sleep(0.01)
        peer._socket.close(4408, "you read too slowly")

    def second(peer: Peer) -> None:
        log_in(peer)
        opened(peer, 1)
        answered(peer)
        done.set()
        peer.wait_closed()

    with stream_venue(first, second) as url, running(StreamSolver(FixedSolver(offer()), stream_url=url)):
        assert done.wait(20)
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(" ")[0] for line in said] == [
        "stream.connecting",
        "stream.subscribed",
        "stream.lost",
        "stream.subscribed",
        "auction.answered",
    ]
    assert re.match(r"stream\.lost code=4408 reason=too_slow detail='.*you read too slowly'", said[2])
    assert all(f"solver={samples.SOLVER.address} " in line and f"url={url}" in line for line in said[:2])


def test_one_that_is_not_let_in_is_told_how_to_register(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def refused(peer: Peer) -> None:
        peer.hello()
        peer.refuse(peer.hear(), 401, "login_invalid")
        peer.wait_closed()

    def let_in(peer: Peer) -> None:
        log_in(peer)
        done.set()
        peer.wait_closed()

    with stream_venue(refused, let_in) as url, running(StreamSolver(FixedSolver(offer()), stream_url=url)):
        assert done.wait(20)
    (said,) = [record.getMessage() for record in caplog.records if "stream.refused" in record.getMessage()]
    assert "login_invalid" in said
    assert said.endswith(f"`intendly solver register --stream --signing-key {samples.SOLVER.address}`")


def test_a_new_key_takes_over_without_a_bid_lost(caplog: pytest.LogCaptureFixture) -> None:
    """The venue knows the new key from one moment on: a bid on its way, one kept, and those that follow."""
    solver, done = FixedSolver(offer()), threading.Event()
    key = [samples.SOLVER.address]
    signed_by: list[tuple[int, Signer]] = []

    def placed(peer: Peer) -> None:
        """Takes it by the key that counts."""
        request = peer.hear()
        assert isinstance(request, PlaceBid)
        bid = request.signed_bid
        signer = recover(bid.bid.hash(samples.DOMAIN), bid.signature)
        if signer != key[0]:
            peer.refuse(request, 422, "signature_invalid")
            return placed(peer)
        signed_by.append((bid.bid.auction_id[-1], next(one for one in (samples.SOLVER, NEW) if one.address == signer)))
        return peer.accept(request)

    def let_in(peer: Peer) -> None:
        peer.hello()
        while isinstance(request := peer.hear(), Login):
            digest_by = recover(
                stream_login_digest(request.solver, CHALLENGE, request.expires_at, samples.DOMAIN), request.signature
            )
            if digest_by == key[0]:
                peer.accept(request)
            else:
                peer.refuse(request, 401, "login_invalid")
        peer.accept(request)

    def first(peer: Peer) -> None:
        let_in(peer)
        opened(peer, 1)
        placed(peer)
        key[0] = NEW.address
        opened(peer, 3)
        placed(peer)  # refused, and sent again by the new one
        opened(peer, 5)
        assert numbered(peer.hear()) == ("bid", 5)
        peer._socket.close(4401, "log in again")

    def second(peer: Peer) -> None:
        let_in(peer)
        placed(peer)  # that of 5, which was signed by the old one
        opened(peer, 7)
        placed(peer)
        done.set()
        peer.wait_closed()

    with stream_venue(first, second) as url:
        runner = StreamSolver(solver, stream_url=url)
        runner.use_signer(NEW)
        with running(runner):
            assert done.wait(20)
    assert signed_by == [(1, samples.SOLVER), (3, NEW), (5, NEW), (7, NEW)]
    assert solver.signer is NEW
    assert "refused" not in caplog.text

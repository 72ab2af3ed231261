"""What the solver's base class signs, and both of its runners on real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from intendly_sdk.http_solver import BODY_MAX_BYTES, HttpSolver
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionOpened, BidRequest, BidResponse, Event, QuoteAnswer, QuoteAsk
from intendly_sdk.primitives import UINT256_MAX
from intendly_sdk.signatures import recover
from intendly_sdk.solver import Solver
from intendly_sdk.stream_messages import ClientMessage, Decline, PlaceBid
from intendly_sdk.stream_solver import StreamSolver

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver, offer
from tests.unit.sdk.venue import Peer, stream_venue


def test_an_offer_becomes_a_signed_bid() -> None:
    signed = FixedSolver(offer()).answer(samples.auction())
    assert signed is not None
    bid = signed.bid
    assert [(leg.intent_hash, leg.amount_out, leg.fee) for leg in bid.legs] == [
        (samples.intent().hash, 3_000 * 10**6, 10**6)
    ]
    assert bid.call_data_hash == keccak(b"\x01")
    assert bid.penalty == 0
    assert recover(bid.hash(samples.DOMAIN), signed.signature) == bid.solver == samples.SOLVER.address


@pytest.mark.parametrize(("asked", "signed_for"), [(None, 10), (3, 3), (60, 10)])
def test_a_bid_is_never_valid_longer_than_the_venue_allows(asked: int | None, signed_for: int) -> None:
    auction = samples.auction()
    signed = FixedSolver(offer(valid_for_s=asked)).answer(auction)
    assert signed is not None
    assert signed.bid.valid_until == auction.closes_at // 1000 + signed_for


@pytest.mark.parametrize("solver", [FixedSolver(None), FixedSolver(OSError("rpc")), FixedSolver(offer(1, 2))])
def test_none_a_failure_and_a_wrong_number_of_amounts_decline(solver: Solver) -> None:
    assert solver.answer(samples.auction()) is None


@contextmanager
def _serving(solver: Solver) -> Iterator[str]:
    server = HttpSolver(solver)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


class _OnlyOdd(FixedSolver):
    def price(self, auction: AuctionOpened):  # type: ignore[no-untyped-def]
        return super().price(auction) if auction.auction_id[-1] % 2 else None


def test_http_answers_every_auction_of_a_request_in_one_response() -> None:
    auctions = tuple(samples.auction(number=n) for n in range(1, 8))
    with _serving(_OnlyOdd(offer())) as url, httpx.Client(trust_env=False) as http:
        for path in ("/health", "/health/live"):
            assert http.get(url + path).json() == {"status": "ok"}
        body = BidRequest(auctions=auctions).model_dump_json()
        response = http.post(f"{url}/bids", content=body)
    answer = BidResponse.model_validate_json(response.content)
    assert [signed.bid.auction_id[-1] for signed in answer.bids] == [1, 3, 5, 7]


ASK = QuoteAsk(token_in=samples.WETH.address, amount_in=10**18, token_out=samples.USDC.address)


class _Remembering(FixedSolver):
    def price(self, auction: AuctionOpened):  # type: ignore[no-untyped-def]
        self.priced = auction
        return super().price(auction)


def test_a_quote_is_priced_as_an_auction_that_no_bid_can_win() -> None:
    solver = _Remembering(offer(3_000))
    assert solver.quote(ASK) == 3_000
    (asked,) = solver.priced.intents
    assert (asked.intent.token_in, asked.intent.token_out) == (ASK.token_in, ASK.token_out)
    assert asked.intent.amount_in == ASK.amount_in
    assert (asked.fee, asked.intent.min_amount_out) == (0, UINT256_MAX)
    assert solver.priced.ms_left == solver.config.auction_window_ms


def test_http_answers_quotes_in_their_order_and_what_fails_declines() -> None:
    for solver, amount in ((FixedSolver(offer(7)), 7), (FixedSolver(None), None), (FixedSolver(OSError("rpc")), None)):
        with _serving(solver) as url, httpx.Client(trust_env=False) as http:
            response = http.post(f"{url}/bids", content=BidRequest(auctions=(), quotes=(ASK, ASK)).model_dump_json())
        assert BidResponse.model_validate_json(response.content).quotes == (QuoteAnswer(amount=amount),) * 2


def test_without_quotes_the_messages_are_as_those_know_them_who_know_no_quotes() -> None:
    assert json.loads(BidRequest(auctions=()).model_dump_json()) == {"auctions": []}
    assert json.loads(BidResponse(bids=()).model_dump_json()) == {"bids": []}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/", b"", 404),
        ("POST", "/", b"{}", 404),
        ("POST", "/bids", b"not json", 400),
        ("POST", "/bids", json.dumps({"auctions": [], "more": 1}).encode(), 400),
        ("POST", "/bids", b" " * (BODY_MAX_BYTES + 1), 413),
        ("DELETE", "/bids", b"", 501),
    ],
)
def test_http_refuses_what_it_was_not_asked_for(method: str, path: str, content: bytes, status: int) -> None:
    with _serving(FixedSolver(None)) as url, httpx.Client(trust_env=False) as http:
        try:
            response = http.request(method, url + path, content=content)
        except httpx.WriteError:
            assert status == 413, "the server hung up on a body that it had refused"
            return
        assert response.status_code == status
        assert http.get(f"{url}/health").status_code == 200


def test_http_wants_to_know_the_length() -> None:
    with _serving(FixedSolver(None)) as url, httpx.Client(trust_env=False) as http:
        assert http.post(f"{url}/bids", content=iter([b"{}"])).status_code == 411


def test_a_server_that_is_stopped_first_does_not_run() -> None:
    server = HttpSolver(FixedSolver(None))
    server.stop()
    server.run()


def _opened(peer: Peer, number: int, ms_left: int = 2_000) -> None:
    auction = samples.auction(number=number, ms_left=ms_left)
    peer.event(
        f"1-{number}",
        "auction.opened",
        auction_id=str(auction.auction_id),
        data=json.loads(auction.model_dump_json(exclude={"auction_id", "server_time", "ms_left"})),
        server_time=auction.server_time,
        ms_left=ms_left,
    )


def test_the_stream_solver_bids_declines_and_leaves_closed_auctions_alone() -> None:
    heard: list[ClientMessage] = []
    done = threading.Event()

    def unknown_yet(peer: Peer) -> None:
        peer.hello()
        peer.refuse(peer.hear(), 403, "solver_unknown")

    def script(peer: Peer) -> None:
        peer.hello()
        peer.accept(peer.hear())
        peer.accept(peer.hear())
        _opened(peer, 1)
        heard.append(peer.hear())
        _opened(peer, 2)
        heard.append(peer.hear())
        _opened(peer, 3, ms_left=0)
        _opened(peer, 5)
        heard.append(peer.hear())
        peer.refuse(heard[-1], 409, "auction_closed")
        peer.event("1-6", "bid.decided", data={"fate": "won"})
        done.set()
        peer.wait_closed()

    with stream_venue(unknown_yet, script) as url:
        runner = StreamSolver(_OnlyOdd(offer(), url))
        thread = threading.Thread(target=runner.run)
        thread.start()
        assert done.wait(10)
        runner.stop()
        thread.join(5)
        assert not thread.is_alive()
    assert [message.type for message in heard] == ["bid", "decline", "bid"]
    assert isinstance(heard[1], Decline)
    bids = [message.signed_bid.bid for message in heard if isinstance(message, PlaceBid)]
    assert [bid.auction_id[-1] for bid in bids] == [1, 5]
    assert heard[1].auction_id[-1] == 2


def test_the_stream_solver_hears_what_became_of_its_bids() -> None:
    told = ["bid.decided", "intent.settled", "intent.reopened", "fill.failed"]
    heard: list[str] = []
    done = threading.Event()

    class Listening(FixedSolver):
        def heard(self, event: Event) -> None:
            heard.append(event.kind)
            if len(heard) == len(told):
                done.set()

    def script(peer: Peer) -> None:
        peer.hello()
        peer.accept(peer.hear())
        peer.accept(peer.hear())
        for number, kind in enumerate(["auction.closed", *told], start=1):
            peer.event(f"1-{number}", kind)
        peer.wait_closed()

    with stream_venue(script) as url:
        runner = StreamSolver(Listening(offer(), url))
        thread = threading.Thread(target=runner.run)
        thread.start()
        assert done.wait(10)
        runner.stop()
        thread.join(5)
    assert heard == told

"""The stream client against a real websocket server: order, repeats, resume, login, bids."""

from __future__ import annotations

import pytest
from intendly_sdk.errors import ApiError, CursorGoneError, NetworkError
from intendly_sdk.messages import BidAccepted, SignedBid
from intendly_sdk.primitives import ZERO_HASH
from intendly_sdk.signatures import recover
from intendly_sdk.solver import Offer, sign_offer
from intendly_sdk.stream import StreamClient
from intendly_sdk.stream_messages import Login, PlaceBid, Subscribe
from intendly_sdk.typed_data import stream_login_digest

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver
from tests.unit.sdk.venue import CHALLENGE, Peer, stream_venue


def _subscribed(peer: Peer, cursor: str = "1-0") -> Subscribe:
    peer.hello(cursor)
    request = peer.hear()
    assert isinstance(request, Subscribe)
    peer.accept(request)
    return request


def _cursors(stream: StreamClient, number: int) -> list[str]:
    events = stream.events()
    return [next(events).cursor for _ in range(number)]


def test_events_come_in_order_and_once() -> None:
    def script(peer: Peer) -> None:
        assert _subscribed(peer).after is None
        for cursor in ("1-1", "1-2", "1-2", "1-1", "1-3"):
            peer.event(cursor)
        peer.wait_closed()

    with stream_venue(script) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        assert _cursors(stream, 3) == ["1-1", "1-2", "1-3"]
        assert stream.next_event(timeout=0.05) is None


def test_events_before_the_reply_are_kept() -> None:
    def script(peer: Peer) -> None:
        peer.hello()
        request = peer.hear()
        peer.event("1-1")
        peer.accept(request)
        peer.event("1-2")
        peer.wait_closed()

    with stream_venue(script) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        assert _cursors(stream, 2) == ["1-1", "1-2"]


def test_a_lost_connection_resumes_behind_the_last_event_with_the_same_subscription() -> None:
    heard: list[Subscribe] = []

    def first(peer: Peer) -> None:
        _subscribed(peer)
        peer.event("1-4")
        peer.drop()

    def second(peer: Peer) -> None:
        heard.append(_subscribed(peer, "1-6"))
        peer.event("1-4")
        peer.event("1-5")
        peer.wait_closed()

    def refused(peer: Peer) -> None:
        peer.drop()

    with stream_venue(first, refused, second) as url, StreamClient(url) as stream:
        stream.subscribe(swappers=(samples.SWAPPER.address,))
        assert _cursors(stream, 2) == ["1-4", "1-5"]
    assert [(r.after, r.swappers) for r in heard] == [("1-4", (samples.SWAPPER.address,))]


def test_a_connection_lost_before_any_event_resumes_from_the_hello() -> None:
    heard: list[Subscribe] = []

    def first(peer: Peer) -> None:
        _subscribed(peer, "1-9")
        peer.drop()

    def second(peer: Peer) -> None:
        heard.append(_subscribed(peer, "1-11"))
        peer.event("1-10")
        peer.wait_closed()

    with stream_venue(first, second) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        assert _cursors(stream, 1) == ["1-10"]
    assert heard[0].after == "1-9"


def test_a_new_epoch_is_told_and_then_followed() -> None:
    def first(peer: Peer) -> None:
        peer.hello("2-3")
        request = peer.hear()
        assert isinstance(request, Subscribe)
        assert request.after == "1-500"
        peer.refuse(request, 410, "cursor_gone")
        peer.wait_closed()

    def second(peer: Peer) -> None:
        assert _subscribed(peer, "2-3").after is None
        peer.event("2-4")
        peer.wait_closed()

    with stream_venue(first, second) as url, StreamClient(url) as stream:
        with pytest.raises(CursorGoneError):
            stream.subscribe(auctions=True, after="1-500")
        assert _cursors(stream, 1) == ["2-4"]


def test_without_reconnect_a_loss_is_an_error() -> None:
    def script(peer: Peer) -> None:
        _subscribed(peer)
        peer.drop()

    with stream_venue(script) as url, StreamClient(url, reconnect=False) as stream:
        stream.subscribe(auctions=True)
        with pytest.raises(NetworkError):
            stream.next_event(timeout=5)


def test_nobody_listening_is_a_network_error() -> None:
    with StreamClient("ws://127.0.0.1:9/api/v1/stream") as stream, pytest.raises(NetworkError):
        stream.subscribe(auctions=True)


def test_what_this_version_does_not_know_is_passed_over() -> None:
    def script(peer: Peer) -> None:
        _subscribed(peer)
        peer.event("1-1", "intent.teleported")
        peer.send("not json")
        peer.event("1-2")
        peer.wait_closed()

    with stream_venue(script) as url, StreamClient(url) as stream:
        stream.subscribe(auctions=True)
        assert _cursors(stream, 1) == ["1-2"]


def test_a_solver_logs_in_by_the_servers_clock_and_bids() -> None:
    bid = _bid()

    def script(peer: Peer) -> None:
        peer.hello()
        login = peer.hear()
        assert isinstance(login, Login)
        assert 0 < login.expires_at - samples.NOW <= 300
        digest = stream_login_digest(login.solver, CHALLENGE, login.expires_at, samples.DOMAIN)
        assert recover(digest, login.signature) == login.solver == samples.SOLVER.address
        peer.accept(login)
        request = peer.hear()
        assert isinstance(request, Subscribe)
        assert request.solver
        peer.accept(request)
        placed = peer.hear()
        assert isinstance(placed, PlaceBid)
        assert placed.signed_bid == bid
        peer.accept(placed, bid_hash=str(ZERO_HASH), auction_id=str(bid.bid.auction_id), created=True)
        late = peer.hear()
        peer.refuse(late, 409, "auction_closed")
        peer.wait_closed()

    with stream_venue(script) as url, StreamClient(url, signer=samples.SOLVER, domain=samples.DOMAIN) as stream:
        stream.subscribe(solver=True)
        accepted = BidAccepted(bid_hash=ZERO_HASH, auction_id=bid.bid.auction_id, created=True)
        assert stream.bid(bid) == accepted
        with pytest.raises(ApiError, match="auction_closed"):
            stream.bid(bid)


def test_a_refused_login_is_raised() -> None:
    def script(peer: Peer) -> None:
        peer.hello()
        peer.refuse(peer.hear(), 403, "solver_unknown")
        peer.wait_closed()

    with (
        stream_venue(script) as url,
        StreamClient(url, signer=samples.SOLVER, domain=samples.DOMAIN) as stream,
        pytest.raises(ApiError, match="solver_unknown"),
    ):
        stream.subscribe(solver=True)


def test_a_login_needs_a_domain() -> None:
    with pytest.raises(ValueError, match="both"):
        StreamClient("ws://127.0.0.1:9", signer=samples.SOLVER)


def _bid() -> SignedBid:
    offer = Offer(amounts_out=(3_000 * 10**6,), executor=samples.EXECUTOR, data=b"\x01", gas_limit=100_000)
    return sign_offer(offer, samples.auction(), FixedSolver(offer))

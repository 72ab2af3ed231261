"""A solver works over the stream: bids and declines are answered as by HTTP, and the SDK's client does it all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from intendly_sdk.messages import AuctionIntent, AuctionOpened, Event, EventKind, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream import StreamClient
from intendly_sdk.stream_messages import Reply, auction_of

from intendly.adapters.live import RedisLive
from intendly.domain.events import Change
from intendly.services.publish_events import PublishEvents
from tests.external import RedisServer
from tests.integration.stream.conftest import RIVAL, SOLVER, Client, Stream, now_ms
from tests.integration.venue_process import VenueProcess
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.opened import Opened, hash_of, post
from tests.integration.web.world import DEPLOYMENT, GAS_FEE_USDC, signed_bid, signed_intent

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


class Floor:
    """A relayer and a stream server on one database."""

    def __init__(self, stream: Stream, server: VenueProcess, relayer: Relayer) -> None:
        self.stream, self.server, self.relayer = stream, server, relayer

    def open(self, *roster: Signer) -> Opened:
        return Opened(self.relayer, *roster)

    def tell(self, opened: Opened, *roster: Signer) -> None:
        """Publish the auction's opening."""
        intent = signed_intent(SOLVER).intent  # whose it is matters to no one here
        asked = AuctionIntent(intent_hash=opened.intent_hash, intent=intent, fee=GAS_FEE_USDC)
        data = {
            "intents": [asked.model_dump(mode="json")],
            "opened_at": now_ms(),
            "closes_at": opened.closes_at,
            "secret_hash": "0x" + "5e" * 32,
            "roster": [str(one.address) for one in roster],
        }
        self.stream.change(
            Change(EventKind.AUCTION_OPENED, opened.intent_hash, opened.id, Address(b"\x01" * 20), data=data)
        )
        PublishEvents(self.stream.store, RedisLive(self.stream.redis_url)).run()


@pytest.fixture(scope="module")
def floor(module_database_url: str, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with ExitStack() as stack:
        stream = Stream(module_database_url, valkey.url_of(12), tmp_path_factory.mktemp("stream"), stack)
        server = stream.serve()
        relayer = stack.enter_context(
            running_relayer(stream.rows, stream.redis_url, tmp_path_factory.mktemp("relayer"))
        )
        yield Floor(stream, server, relayer)


@pytest.fixture
def client(floor: Floor) -> Iterator[Client]:
    with Client(floor.stream.url) as one:
        yield one


def say(client: Client, bid: SignedBid) -> dict[str, Any]:
    return client.ask("bid", signed_bid=bid.model_dump(mode="json"))


def same(problem: dict[str, Any]) -> dict[str, Any]:
    """What of a problem does not tell one request from another."""
    return {name: value for name, value in problem.items() if name != "request_id"}


def test_a_bid_is_in_and_again_is_the_same_bid_whichever_way_it_comes(floor: Floor, client: Client) -> None:
    opened = floor.open(SOLVER, RIVAL)
    client.log_in(SOLVER)
    bid = opened.bid(SOLVER)
    first, again = say(client, bid)["result"], say(client, bid)["result"]
    assert (first["created"], again["created"]) == (True, False)
    assert post(floor.relayer, bid) == (200, again)
    assert [stored for stored, _, _ in opened.stored()] == [hash_of(bid)]


def test_a_signed_bid_needs_no_login_and_is_for_its_own_solver_alone_after_one(floor: Floor, client: Client) -> None:
    opened = floor.open(SOLVER, RIVAL)
    assert say(client, opened.bid(RIVAL))["ok"]
    client.log_in(SOLVER)
    problem = say(client, opened.bid(RIVAL, amount_out=1))["problem"]
    assert (problem["code"], problem["errors"][0]["field"]) == ("bid_invalid", "bid.solver")
    assert len(opened.stored()) == 1


def test_a_solvers_budget_of_bids_is_the_same_as_over_http(floor: Floor) -> None:
    usual = floor.stream.url
    floor.stream.serve(LIMIT_SOLVER_BIDS="1/hour")
    narrow, floor.stream.url = floor.stream.url, usual
    opened = floor.open(SOLVER, RIVAL)
    with Client(narrow) as one, Client(narrow) as another:
        assert say(one, opened.bid(SOLVER))["ok"]
        assert say(one, opened.bid(SOLVER))["ok"], "the same bid again is free"
        problem = say(another, opened.bid(SOLVER, amount_out=1))["problem"]
        assert (problem["code"], problem["status"]) == ("rate_limited", 429)
        assert say(another, opened.bid(RIVAL))["ok"]


def test_a_refused_bid_gets_the_problem_that_http_gives(floor: Floor, client: Client) -> None:
    opened, closed = floor.open(SOLVER), floor.open(SOLVER)
    closed.close()
    stranger = Signer(b"\x07" * 32)
    refused = {
        "auction_closed": closed.bid(SOLVER),
        "not_found": signed_bid(SOLVER, Hash32(b"\x0a" * 32), opened.intent_hash, opened.closes_at),
        "solver_unknown": opened.bid(stranger),
        "signature_invalid": opened.bid(SOLVER, signer=RIVAL),
        "bid_invalid": opened.bid(SOLVER, fee=GAS_FEE_USDC - 1),
    }
    for code, bid in refused.items():
        said = say(client, bid)
        status, problem = post(floor.relayer, bid)
        assert (said["ok"], said["problem"]["code"], said["problem"]["status"]) == (False, code, status)
        assert same(said["problem"]) == same(problem)
    assert opened.stored() == closed.stored() == []


def test_a_decline_is_for_who_is_logged_in_and_on_the_roster(floor: Floor, client: Client) -> None:
    opened, without, closed = floor.open(SOLVER, RIVAL), floor.open(RIVAL), floor.open(SOLVER)
    closed.close()
    assert client.ask("decline", auction_id=str(opened.id))["problem"]["code"] == "login_required"
    client.log_in(SOLVER)
    assert client.ask("decline", auction_id=str(opened.id))["ok"]
    assert opened.answers() == {SOLVER.address: "declined", RIVAL.address: None}
    for auction, code in ((without.id, "solver_unknown"), (closed.id, "auction_closed"), (b"\x0a" * 32, "not_found")):
        assert client.ask("decline", auction_id=str(Hash32(auction)))["problem"]["code"] == code
    assert without.answers() == {RIVAL.address: None}


def _opening(client: StreamClient, opened: Opened) -> AuctionOpened:
    """The next event, which must be the opening of that auction."""
    event = client.next_event(15)
    assert isinstance(event, Event)
    assert (event.kind, event.auction_id) == (EventKind.AUCTION_OPENED, opened.id)
    return auction_of(event)


def test_the_sdks_client_hears_what_is_open_bids_and_does_so_again_after_a_kill(floor: Floor) -> None:
    before, after = floor.open(SOLVER), floor.open(SOLVER, RIVAL)
    floor.tell(before, SOLVER)
    with Client(floor.stream.url) as earlier:  # from here on the opening is behind the hello of who comes
        while earlier.hello["cursor"] != floor.stream.store.head().cursor:
            earlier.hello["cursor"] = earlier.subscribe(auctions=True)["result"]["cursor"]
    with StreamClient(floor.stream.url, signer=SOLVER, domain=DEPLOYMENT.domain) as client:
        client.subscribe(solver=True)
        assert 0 < _opening(client, before).ms_left <= 60_000
        assert client.bid(before.bid(SOLVER)).created
        assert client.next_event(0.2) is None
        for worker in floor.server.children():
            worker.kill()
        floor.tell(after, SOLVER, RIVAL)
        assert 0 < _opening(client, after).ms_left <= 60_000
        assert client.bid(after.bid(SOLVER)).created
        replies: list[Reply] = []
        client.send_decline(after.id, replies.append)
        ends = time.monotonic() + 5
        while not replies and time.monotonic() < ends:
            assert client.next_event(0.1) is None
        assert replies[0].ok
    assert len(before.stored()) == len(after.stored()) == 1

"""A solver that has just come hears of the auctions in which it can still bid."""

from __future__ import annotations

import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream import StreamClient

from intendly.domain.events import Change
from tests.integration.stream.conftest import RIVAL, SOLVER, SWAPPER, Client, Stream, intent, now_ms
from tests.integration.web.world import DEPLOYMENT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _opening(stream: Stream, number: int, *roster: Signer, state: str = "open", window_s: int = 60) -> Change:
    """An auction's row, and the change that tells of it."""
    auction = Hash32(number.to_bytes(32, "big"))
    stream.rows.run(
        "INSERT INTO auctions (id, state, opened_at, closes_at, secret, secret_hash)"
        " VALUES (%s, %s, now(), now() + make_interval(secs => %s), %s, %s)",
        bytes(auction),
        state,
        window_s,
        bytes(32),
        bytes(32),
    )
    data = {"closes_at": now_ms() + 1000 * window_s, "roster": [str(one.address) for one in roster]}
    return Change(EventKind.AUCTION_OPENED, intent(number), auction, SWAPPER, data=data)


def _solver(stream: Stream, signer: Signer) -> Client:
    client = stream.client()
    assert client.log_in(signer)["ok"]
    return client


def test_a_solver_that_comes_anew_is_told_of_what_it_may_still_bid_in(stream: Stream) -> None:
    stream.publish(
        _opening(stream, 1, SOLVER, RIVAL),
        _opening(stream, 2, RIVAL),
        _opening(stream, 3, SOLVER, state="closing"),
        _opening(stream, 4, SOLVER, window_s=-1),
        _opening(stream, 5, SOLVER),
    )
    stream.serve()
    solver = _solver(stream, SOLVER)
    solver.subscribe(solver=True)
    stream.publish(_opening(stream, 6, SOLVER))
    told = solver.read(3)
    assert [int(event["auction_id"], 16) for event in told] == [1, 5, 6]
    assert all(30_000 < event["ms_left"] <= 60_000 and event["server_time"] for event in told)
    assert all("roster" not in event["data"] for event in told)
    assert solver.read_for(0.3) == told


def test_one_that_resumes_or_only_watches_is_not_told_twice(stream: Stream) -> None:
    stream.publish(_opening(stream, 1, SOLVER))
    cursor = stream.store.head().cursor
    stream.serve()
    resuming, watching = _solver(stream, SOLVER), stream.client()
    resuming.subscribe(solver=True, after=cursor)
    watching.subscribe(auctions=True)
    assert resuming.read_for(0.4) == watching.read_for(0.1) == []


def test_the_sdks_client_hears_of_them_too_and_goes_on_where_it_was(stream: Stream) -> None:
    stream.publish(_opening(stream, 1, SOLVER))
    stream.serve()
    with StreamClient(stream.url, signer=SOLVER, domain=DEPLOYMENT.domain) as solver:
        solver.subscribe(solver=True)
        first = solver.next_event(5)
        stream.publish(_opening(stream, 2, SOLVER))
        second = solver.next_event(5)
        assert first is not None
        assert second is not None
        assert [int(str(event.auction_id), 16) for event in (first, second)] == [1, 2]
        assert solver.cursor == stream.store.head().cursor
        assert solver.next_event(0.3) is None

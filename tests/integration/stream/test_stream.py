"""What a client of the stream is told: all of it, once, in order, and nothing that is for others."""

from __future__ import annotations

import random
import threading
import time
from contextlib import closing

import httpx
import psycopg2
import pytest
import redis
from intendly_sdk.messages import EventKind
from intendly_sdk.signatures import Signer
from intendly_sdk.stream import StreamClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from intendly.domain.events import Change
from tests.integration.stream.conftest import (
    RIVAL,
    SOLVER,
    SWAPPER,
    Client,
    Stream,
    change,
    changed,
    intent,
    now_ms,
    numbers,
    opened,
    wait_for_connections,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_it_tells_by_intent_and_by_swapper(running: Stream) -> None:
    by_intent, by_swapper, other = running.client(), running.client(), running.client()
    by_intent.subscribe(intents=[str(intent(1))])
    by_swapper.subscribe(swappers=[str(SWAPPER)])
    other.subscribe(intents=[str(intent(3))])
    running.publish(change(1, amount="7"), change(2))
    [event] = by_intent.read(1)
    assert (event["kind"], event["intent_hash"], event["data"]) == ("intent.accepted", str(intent(1)), {"amount": "7"})
    assert len(by_swapper.read(2)) == 2
    assert other.read_for(0.5) == []


def test_after_resumes_behind_a_cursor_and_live_events_follow_without_a_repeat(running: Stream) -> None:
    running.publish(*(change() for _ in range(1_200)))
    client = running.client()
    client.subscribe(intents=[str(intent(1))], after=running.cursor(100))
    running.publish(*(change() for _ in range(50)))
    client.read(1_150)
    assert client.read_for(0.3) is client.events
    assert numbers(client) == list(range(101, 1_251))


def test_clients_that_reconnect_at_random_miss_and_repeat_nothing(running: Stream) -> None:
    total, got = 1_000, [list[int]() for _ in range(5)]
    failures: list[BaseException] = []

    def follow(place: int) -> None:
        chance = random.Random(place)
        cursor = running.cursor(0)
        try:
            while len(got[place]) < total:
                with Client(running.url) as client:
                    client.subscribe(intents=[str(intent(1))], after=cursor)
                    client.read_for(chance.uniform(0.05, 0.6))
                    got[place] += numbers(client)
                    cursor = client.events[-1]["cursor"] if client.events else cursor
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    followers = [threading.Thread(target=follow, args=(place,), daemon=True) for place in range(5)]
    for one in followers:
        one.start()
    for number in range(total):
        running.publish(change(), lost=number % 7 == 0)
    for one in followers:
        one.join(timeout=30)
    assert failures == []
    table = [event.number for event in running.table()]
    assert all(numbers == table for numbers in got)


def test_a_hole_that_redis_left_is_filled_from_the_database_in_order(running: Stream) -> None:
    client = running.client()
    client.subscribe(intents=[str(intent(1))])
    running.publish(change())
    running.publish(change(), change(), lost=True)
    running.publish(change())
    client.read(4, timeout_s=3)
    running.publish(change(), lost=True)  # and one that no later message betrays
    client.read(5, timeout_s=3)
    assert numbers(client) == [1, 2, 3, 4, 5]


def test_a_wiped_redis_and_a_broken_connection_to_it_lose_nothing(running: Stream) -> None:
    client = running.client()
    client.subscribe(intents=[str(intent(1))])
    with closing(redis.Redis.from_url(running.redis_url)) as admin:
        for _ in range(3):
            running.publish(change())
            admin.flushall()
            admin.client_kill_filter(_type="pubsub")
            running.publish(change())
    client.read(6, timeout_s=8)
    assert numbers(client) == list(range(1, 7))


def test_an_old_epoch_and_a_number_that_is_not_yet_get_410(running: Stream) -> None:
    running.publish(change())
    head = running.store.head()
    client = running.client()
    for cursor in (f"{head.epoch - 1}-1", f"{head.epoch}-{head.last + 1}"):
        reply = client.subscribe(intents=[str(intent(1))], after=cursor)
        assert (reply["problem"]["code"], reply["problem"]["status"]) == ("cursor_gone", 410)
    assert client.subscribe(intents=[str(intent(1))], after=head.cursor)["ok"]


def test_a_new_epoch_sends_everyone_off_to_begin_anew(stream: Stream) -> None:
    stream.serve()
    client = stream.client()
    client.subscribe(intents=[str(intent(1))])
    stream.new_epoch()
    with pytest.raises(ConnectionClosed) as closed:
        client.read(1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


def test_a_solver_logs_in_with_its_registered_key_alone(running: Stream) -> None:
    client = running.client()
    for attempt in (
        client.log_in(RIVAL, SOLVER.address),
        client.log_in(Signer(b"\x07" * 32)),
        client.log_in(SOLVER, expires_in_s=-1),
        client.log_in(SOLVER, expires_in_s=301),
    ):
        assert attempt["problem"]["code"] == "login_invalid"
    assert client.subscribe(solver=True)["problem"]["code"] == "login_required"
    replayed = running.client()
    replayed.hello = client.hello  # the challenge of another connection
    assert replayed.log_in(SOLVER)["problem"]["code"] == "login_invalid"
    assert client.log_in(SOLVER)["ok"]


def test_a_log_in_ends_with_the_registration_that_it_rests_on(stream: Stream) -> None:
    """Whatever it follows; the others stay, and who logs in again is told of the changes and no more."""
    stream.serve()
    follows, bids_only, rival = stream.client(), stream.client(), stream.client()
    for client, signer in ((follows, SOLVER), (bids_only, SOLVER), (rival, RIVAL)):
        assert client.log_in(signer)["ok"]
    follows.subscribe(solver=True)
    rival.subscribe(solver=True)
    cursor = stream.store.head().cursor
    stream.publish(changed(SOLVER, SOLVER, active=True))
    assert [event["kind"] for event in follows.read(1)] == ["solver.changed"], "its log-in stands"
    stream.publish(changed(SOLVER, SOLVER, active=False))
    for client in (follows, bids_only):
        with pytest.raises(ConnectionClosed) as closed:
            client.read(2)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    assert rival.read_for(0.3) == []
    again = stream.client()
    assert again.log_in(SOLVER)["ok"]
    again.subscribe(solver=True, after=cursor)
    assert [event["kind"] for event in again.read(2)] == ["solver.changed"] * 2
    assert again.subscribe(auctions=True)["ok"]


def test_what_is_for_one_solver_reaches_nobody_else(running: Stream) -> None:
    solver, rival, watcher, named = running.client(), running.client(), running.client(), running.client()
    for client, signer in ((solver, SOLVER), (rival, RIVAL)):
        client.log_in(signer)
        client.subscribe(solver=True)
    watcher.subscribe(intents=[str(intent(1))], auctions=True)
    named.subscribe(swappers=[str(SOLVER.address)])  # as if the solver were a swapper
    secret = Change(EventKind.BID_DECIDED, intent(1), swapper=SWAPPER, solver=SOLVER.address, data={"fate": "lost"})
    running.publish(secret, change(1))
    assert [event["kind"] for event in solver.read(1)] == ["bid.decided"]
    assert [event["kind"] for event in watcher.read(1)] == ["intent.accepted"]
    assert rival.read_for(0.4) == []
    assert named.read_for(0.1) == []
    again = running.client()
    again.subscribe(intents=[str(intent(1))], after=running.cursor(0))
    assert [event["kind"] for event in again.read(1)] == ["intent.accepted"]


def test_an_opened_auction_goes_to_its_roster_with_the_clock_and_without_the_roster(running: Stream) -> None:
    solver, rival, watcher = running.client(), running.client(), running.client()
    for client, signer in ((solver, SOLVER), (rival, RIVAL)):
        client.log_in(signer)
        client.subscribe(solver=True)
    watcher.subscribe(auctions=True)
    running.publish(opened(1, SOLVER))
    for client in (solver, watcher):
        [event] = client.read(1)
        assert event["kind"] == "auction.opened"
        assert 0 < event["ms_left"] <= 2_000
        assert abs(event["server_time"] - time.time() * 1_000) < 2_000
        assert "roster" not in event["data"]
    assert rival.read_for(0.4) == []


def test_a_slow_reader_is_dropped_and_neither_corrupts_nor_holds_up(stream: Stream) -> None:
    """One that reads again within seconds is told why; one that never does is cut off."""
    server = stream.serve()
    slow, quick, dead = stream.client(), stream.client(), stream.client()
    for client in (slow, quick, dead):
        client.subscribe(intents=[str(intent(1))])
    while server.said().count("stream_reader_too_slow") < 2:
        stream.publish(*(change(1, filler="x" * 60_000) for _ in range(20)))
        quick.read(len(quick.events) + 20, timeout_s=10)
        assert len(quick.events) < 2_000, "nobody was dropped"
    with pytest.raises(ConnectionClosed) as closed:
        slow.read(2_000, timeout_s=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4408
    assert numbers(quick) == list(range(1, len(quick.events) + 1))
    told = numbers(slow)
    assert 0 < len(told) < len(quick.events)
    assert told == list(range(1, len(told) + 1))
    assert all(len(event["data"]["filler"]) == 60_000 for event in slow.events)
    wait_for_connections(stream, 1)
    stream.publish(change())
    quick.read(len(quick.events) + 1)


def test_a_query_that_is_held_for_a_second_holds_up_no_other_connection(running: Stream) -> None:
    """psycopg2 waits by gevent: pings are answered and events told while one client's query hangs."""
    running.publish(*(change() for _ in range(10)))
    behind = running.cursor(0)
    watching, resuming = running.client(), running.client()
    watching.subscribe(intents=[str(intent(2))])
    with closing(psycopg2.connect(running.rows.url)) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        asked = {"intents": [str(intent(1))], "after": behind}
        replied = threading.Thread(target=resuming.subscribe, kwargs=asked)
        replied.start()
        ends = time.monotonic() + 1.0
        pings = 0
        while time.monotonic() < ends:
            assert watching.socket.ping().wait(timeout=0.5), "a ping was held up"
            pings += 1
        assert pings > 20
        assert resuming.events == []
        holder.rollback()
    replied.join()
    resuming.read(10)


def test_sigterm_tells_every_client_and_the_next_server_goes_on_where_they_were(stream: Stream) -> None:
    first = stream.serve()
    client = stream.client()
    client.subscribe(intents=[str(intent(1))])
    stream.publish(change())
    client.read(1)
    first.process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        client.read(2)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    with pytest.raises((InvalidStatus, ConnectionError)):
        connect(stream.url, proxy=None)
    stream.publish(change())
    assert first.terminate() < 8
    stream.serve()
    resumed = stream.client()
    resumed.subscribe(intents=[str(intent(1))], after=client.events[-1]["cursor"])
    resumed.read(1)
    assert numbers(resumed) == [2]


def test_the_sdks_client_comes_back_after_a_kill_without_a_gap_or_a_repeat(stream: Stream) -> None:
    server = stream.serve()
    with StreamClient(stream.url) as client:
        client.subscribe(intents=(intent(1),))
        stream.publish(change())
        assert client.next_event(5) is not None
        for worker in server.children():
            worker.kill()
        stream.publish(change(), change())
        told = [client.next_event(15), client.next_event(5)]
    assert [event.cursor.split("-")[1] for event in told if event] == ["2", "3"]


def test_who_cannot_see_the_servers_pings_asks(running: Stream) -> None:
    client = running.client()
    reply = client.ask("ping")
    assert reply["ok"]
    assert abs(reply["result"]["server_time"] - now_ms()) < 60_000


def test_a_flood_of_messages_ends_the_connection(running: Stream) -> None:
    client = running.client()

    def flood() -> None:
        for _ in range(1_000):
            client.socket.send('{"type": "nonsense", "id": 1}')
        client.read_for(5)

    with pytest.raises(ConnectionClosed) as closed:
        flood()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "{}",
        '{"type": "subscribe"}',
        '{"type":"bid","id":3}',
        b"\x00\xff",
        "[" * 5_000,
        pytest.param('["' * 60_000, id="deep"),
        pytest.param("[" * 131_000, id="deeper"),
    ],
)
def test_nonsense_is_answered_with_a_problem_and_the_connection_stays(running: Stream, frame: str | bytes) -> None:
    with Client(running.url) as client:
        client.socket.send(frame)
        reply = client._next(5)
        assert reply["ok"] is False
        assert reply["problem"]["status"] in (400, 422)
        assert client.subscribe(auctions=True)["ok"]


def test_one_connection_follows_a_bounded_number_of_intents(running: Stream) -> None:
    with Client(running.url) as client:
        for first in range(0, 9_500, 500):
            assert client.subscribe(intents=[str(intent(first + number)) for number in range(500)])["ok"]
        reply = client.subscribe(intents=[str(intent(20_000 + number)) for number in range(500)])
        assert reply["ok"] is False
        assert (reply["problem"]["code"], reply["problem"]["status"]) == ("too_many_topics", 429)


def test_a_frame_over_the_limit_is_refused(running: Stream) -> None:
    with Client(running.url) as client:
        client.socket.send("x" * 200_000)
        with pytest.raises(ConnectionClosed) as closed:
            client.socket.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_one_connection_too_many_is_refused_by_name(stream: Stream) -> None:
    stream.serve(WS_MAX_CONNECTIONS="2")
    _first, second = stream.client(), stream.client()
    with pytest.raises(InvalidStatus) as refused:
        connect(stream.url, proxy=None)
    assert refused.value.response.status_code == 503
    assert b"stream_full" in (refused.value.response.body or b"")
    second.socket.close()
    wait_for_connections(stream, 1)
    assert stream.client().hello["type"] == "hello"


def test_health_and_metrics_are_at_the_root(running: Stream) -> None:
    root = running.url.replace("ws://", "http://").removesuffix("/api/v1/stream")
    with Client(running.url):
        health = httpx.get(f"{root}/health", trust_env=False).json()
        assert health["parts"]["events"]["connections"] == 1
        assert health["parts"]["events"]["live"] is True
        assert "websocket_connections_active 1.0" in httpx.get(f"{root}/metrics", trust_env=False).text

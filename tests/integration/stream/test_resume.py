"""Resuming on another server, slowly, and while the events go on."""

from __future__ import annotations

import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.integration.stream.conftest import SOLVER, Stream, change, intent, numbers
from web.stream_history import EVENTS_MAX

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_a_cursor_that_this_server_has_not_come_to_yet_is_waited_for(running: Stream) -> None:
    """The client heard the event from a server that is a moment ahead of this one."""
    running.publish(change(), lost=True)
    client = running.client()
    reply = client.subscribe(intents=[str(intent(1))], after=running.store.head().cursor)
    assert reply["ok"], reply
    running.publish(change(), lost=True)
    client.read(1)
    assert numbers(client) == [2]


def test_a_slow_reader_that_resumes_far_behind_is_waited_for(running: Stream) -> None:
    """Only what is live is bounded by a queue: a backlog is read as fast as the client takes it."""
    running.publish(*(change(filler="x" * 10_000) for _ in range(3_000)))
    client = running.client()
    client.subscribe(intents=[str(intent(1))], after=running.cursor(0))
    for _ in range(4):
        time.sleep(0.5)
        running.publish(*(change() for _ in range(20)))
    client.read(3_080, timeout_s=30)
    assert numbers(client) == list(range(1, 3_081))


def test_the_address_may_name_the_cursor(running: Stream) -> None:
    running.publish(*(change() for _ in range(3)))
    client = running.client(f"{running.url}?after={running.cursor(1)}")
    client.subscribe(intents=[str(intent(1))])
    client.read(2)
    assert numbers(client) == [2, 3]


def test_a_backlog_that_cannot_be_read_ends_the_connection_and_leaves_no_gap(stream: Stream) -> None:
    stream.many(EVENTS_MAX + 1)
    stream.serve()
    client = stream.client()
    stream.rows.run("ALTER TABLE events RENAME TO events_gone")
    client.subscribe(intents=[str(intent(1))], after=f"{stream.store.head().epoch}-0")
    with pytest.raises(ConnectionClosed) as closed:
        client.read(1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    stream.rows.run("ALTER TABLE events_gone RENAME TO events")
    again = stream.client()
    again.subscribe(intents=[str(intent(1))], after=f"{stream.store.head().epoch}-0")
    again.read(1)


def test_many_that_resume_at_once_cost_the_database_nothing(stream: Stream) -> None:
    """A reconnect storm: the table of events is gone, and each still hears what it missed."""
    stream.many(300)
    stream.serve()
    clients = [stream.client() for _ in range(20)]
    stream.rows.run("ALTER TABLE events RENAME TO events_gone")
    cursor = f"{stream.store.head().epoch}-0"
    for client in clients:
        assert client.subscribe(intents=[str(intent(1))], after=cursor)["ok"]
    for client in clients:
        client.read(300)
        assert numbers(client) == list(range(1, 301))
    solver = stream.client()
    solver.log_in(SOLVER)
    assert solver.subscribe(solver=True)["ok"]
    assert solver.read_for(0.3) == []
    stream.rows.run("ALTER TABLE events_gone RENAME TO events")


def test_what_lies_behind_the_memory_is_read_from_the_table_and_what_follows_from_memory(stream: Stream) -> None:
    stream.many(EVENTS_MAX + 1_200)
    stream.serve()
    client = stream.client()
    client.subscribe(intents=[str(intent(1))], after=f"{stream.store.head().epoch}-0")
    stream.publish(change())
    client.read(EVENTS_MAX + 1_201, timeout_s=30)
    assert numbers(client) == list(range(1, EVENTS_MAX + 1_202))


@pytest.mark.parametrize("cursor", ["", "7", "1-", "1-2-3", "1-%00"])
def test_an_address_with_a_malformed_cursor_is_refused(running: Stream, cursor: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{running.url}?after={cursor}", proxy=None)
    assert refused.value.response.status_code == 422
    body = refused.value.response.body or b""
    assert b'"code":"invalid_request"' in body
    assert b"epoch-number" in body

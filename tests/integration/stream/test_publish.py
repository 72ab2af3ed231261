"""Events are numbered densely, once, in the order of their commits, whoever publishes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Hash32
from sqlalchemy.exc import DBAPIError

from intendly.adapters.db import outbox
from intendly.domain.events import Change
from intendly.services.publish_events import PATIENCE_S
from tests.integration.statements import statements
from tests.integration.stream.conftest import Stream, intent, numbers
from tests.integration.stream.conftest import change as stream_change
from tests.integration.venue_process import ROOT

pytestmark = pytest.mark.integration


def change(number: int) -> Change:
    return Change(EventKind.INTENT_ACCEPTED, Hash32(number.to_bytes(32, "big")), data={"n": number})


def test_many_publishers_at_once_number_densely_and_lose_nothing(stream: Stream) -> None:
    stop = threading.Event()
    errors: list[Exception] = []

    def publish() -> None:
        try:
            while not stop.is_set():
                stream.publish()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    publishers = [threading.Thread(target=publish) for _ in range(3)]
    for one in publishers:
        one.start()
    for number in range(200):
        stream.change(change(2 * number), change(2 * number + 1))
    stop.set()
    for one in publishers:
        one.join()
    stream.publish()
    assert errors == []
    table = stream.table()
    assert [event.number for event in table] == list(range(1, 401))
    assert len({event.intent_hash for event in table}) == 400
    assert stream.rows.count("outbox") == 0


def test_changes_of_one_transaction_keep_their_order(stream: Stream) -> None:
    stream.publish(*(change(number) for number in (5, 3, 9, 1)))
    assert [int(event.intent_hash or "0", 16) for event in stream.table()] == [5, 3, 9, 1]


def test_a_publisher_leaves_while_another_is_at_it(stream: Stream) -> None:
    stream.change(change(1))
    with stream.database.transaction() as connection:
        connection.exec_driver_sql("SELECT 1 FROM stream_head FOR UPDATE")
        assert stream.store.publish(10) is None
    assert len(stream.store.publish(10) or []) == 1


def test_what_was_rolled_back_is_never_told(stream: Stream) -> None:
    def fail_in_the_end() -> None:
        with stream.database.transaction() as connection:
            outbox.record(connection, [change(1)])
            connection.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        fail_in_the_end()
    assert stream.publish(change(2)) == 1
    assert [event.number for event in stream.table()] == [1]


def test_a_batch_costs_two_statements_however_long(stream: Stream) -> None:
    for size in (1, 300):
        stream.change(*(change(number) for number in range(size)))
        with statements(stream.database) as seen:
            stream.store.publish(500)
        assert len(seen) == 2


def test_what_was_just_committed_is_told_behind_another_publisher(stream: Stream) -> None:
    stream.change(change(1))
    with head_held(stream, seconds=PATIENCE_S / 2):
        stream.publisher(lost=True).tell()
        assert [one.number for one in stream.table()] == [1]


def test_a_publisher_that_stands_still_holds_nobody_up(stream: Stream) -> None:
    stream.change(change(1))
    with head_held(stream, seconds=60):
        began = time.monotonic()
        stream.publisher(lost=True).tell()
        assert PATIENCE_S <= time.monotonic() - began < 30
        assert stream.table() == []


@contextmanager
def head_held(stream: Stream, *, seconds: float) -> Iterator[None]:
    """Another publisher is in the middle of its transaction, for `seconds` or until the end of this."""
    with closing(psycopg2.connect(stream.rows.url)) as connection:
        connection.cursor().execute("SELECT FROM stream_head FOR UPDATE")
        ends = threading.Timer(seconds, connection.rollback)
        ends.start()
        try:
            yield
        finally:
            ends.cancel()
            ends.join()


_PUBLISHER_THAT_HANGS = """
import sys, time
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.services.publish_events import PublishEvents

class Hanging:
    def push(self, events):
        print("committed", flush=True)
        time.sleep(60)

PublishEvents(EventStore(Database(sys.argv[1], pool_size=1, application="test")), Hanging()).run()
"""


def test_a_publisher_killed_between_its_commit_and_its_push_loses_nothing(stream: Stream) -> None:
    stream.serve()
    client = stream.client()
    client.subscribe(intents=[str(intent(1))])
    stream.change(stream_change(), stream_change())
    url = stream.rows.url.replace("://", "+psycopg2://", 1)
    with subprocess.Popen(
        [sys.executable, "-c", _PUBLISHER_THAT_HANGS, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as publisher:
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "committed\n"
        publisher.kill()
    client.read(2, timeout_s=5)
    stream.publish(stream_change())
    client.read(3, timeout_s=5)
    assert numbers(client) == [1, 2, 3]
    assert stream.rows.count("outbox") == 0


def test_a_kind_that_this_version_does_not_know_passes_like_any_other(stream: Stream) -> None:
    """Code of the version before runs on the rows of the next."""
    stream.rows.run("INSERT INTO outbox (kind, data) VALUES ('intent.from_the_future', '{\"n\": 1}')")
    assert stream.publish(change(2)) == 2
    first, second = stream.table()
    assert json.loads(first.frame)["kind"] == "intent.from_the_future"
    assert (first.number, second.number) == (1, 2)

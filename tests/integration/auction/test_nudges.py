"""Nudges against a real Valkey, and against brokers that hang or are not there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from intendly.adapters import nudges as module
from intendly.adapters.nudges import CeleryNudges

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def marks_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for a busy machine."""
    monkeypatch.setattr(module, "TICKED_MS", 1_500)


@pytest.fixture
def nudges(redis_url: str) -> Iterator[CeleryNudges]:
    sender = CeleryNudges(redis_url)
    yield sender
    sender.close()


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with closing(redis.Redis.from_url(redis_url)) as client:
        yield client


def test_a_nudge_is_a_message_in_the_tasks_queue(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.nudge("auctions.open")
    nudges.nudge("bids.collect")
    waited_for(broker, auctions=1, solvers=1)


def test_nudges_are_coalesced_until_the_task_queries(nudges: CeleryNudges, broker: redis.Redis) -> None:
    for _ in range(100):
        nudges.nudge("auctions.close")
    nudges.close()
    assert broker.llen("auctions") == 1
    nudges.taken("auctions.close")
    nudges.nudge("auctions.close")
    waited_for(broker, auctions=2)


def test_a_busy_venue_is_left_to_beat_until_it_is_no_more(nudges: CeleryNudges, broker: redis.Redis) -> None:
    for task in ("auctions.open", "settlements.submit"):
        nudges.taken(task)  # beat's ticks
    nudges.nudge("auctions.open", work=module.BUSY_ROWS + 1)
    waited_for(broker, auctions=1)
    nudges.taken("auctions.open")
    nudges.nudge("auctions.open")
    nudges.nudge("settlements.submit")
    nudges.close()
    waited_for(broker, auctions=1, settlements=0)
    ends = time.monotonic() + 5
    while broker.llen("settlements") == 0:  # the rows of two seconds ago count no more
        assert time.monotonic() < ends
        nudges.taken("settlements.submit")
        nudges.nudge("settlements.submit")
        time.sleep(0.1)


def test_what_was_left_to_beat_is_nudged_for_where_beat_ends(
    nudges: CeleryNudges, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last tick began before the row was due, and no other follows."""
    monkeypatch.setattr(module, "COALESCE_MS", 10_000)
    nudges.taken("auctions.open")
    nudges.nudge("settlements.submit", work=module.BUSY_ROWS + 1)
    waited_for(broker, settlements=1)
    nudges.nudge("auctions.open")
    time.sleep(0.2)
    assert broker.llen("auctions") == 0
    waited_for(broker, auctions=1)


def test_what_was_left_to_beat_and_is_ticked_needs_no_nudge(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.taken("auctions.open")
    nudges.nudge("settlements.submit", work=module.BUSY_ROWS + 1)
    waited_for(broker, settlements=1)
    nudges.nudge("auctions.open")
    time.sleep(0.1)
    nudges.taken("auctions.open")
    time.sleep(2 * module.TICKED_MS / 1_000)
    assert broker.llen("auctions") == 0
    assert nudges._left == {}


def test_more_than_a_tick_takes_waits_for_nobody(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.taken("auctions.open")
    nudges.nudge("settlements.submit", work=module.BUSY_ROWS + 1)
    waited_for(broker, settlements=1)
    nudges.nudge("auctions.open", at_once=True)
    nudges.close()
    assert broker.llen("auctions") == 1


def test_a_busy_venue_without_beat_is_nudged_as_ever(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.nudge("auctions.open", work=module.BUSY_ROWS + 1)
    waited_for(broker, auctions=1)
    nudges.nudge("settlements.submit")
    waited_for(broker, settlements=1)


def test_rows_of_other_tasks_and_processes_count(redis_url: str, broker: redis.Redis) -> None:
    with closing(CeleryNudges(redis_url)) as relayer, closing(CeleryNudges(redis_url)) as coordinator:
        coordinator.taken("settlements.submit")
        relayer.nudge("auctions.open", work=module.BUSY_ROWS + 1)
        waited_for(broker, auctions=1)
        coordinator.nudge("settlements.submit")
    assert broker.llen("settlements") == 0


def test_few_rows_are_nudged_for_beside_beat(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.taken("auctions.open")
    nudges.nudge("auctions.open", work=module.BUSY_ROWS // 2)
    waited_for(broker, auctions=1)
    nudges.taken("auctions.open")
    nudges.nudge("auctions.open")
    waited_for(broker, auctions=2)


def test_a_lost_message_holds_nudges_back_for_a_moment_only(
    nudges: CeleryNudges, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COALESCE_MS", 50)
    nudges.nudge("auctions.close")
    waited_for(broker, auctions=1)
    broker.delete("auctions")
    time.sleep(0.1)
    nudges.nudge("auctions.close")
    waited_for(broker, auctions=1)


def test_a_wiped_broker_takes_the_next_nudge(nudges: CeleryNudges, broker: redis.Redis) -> None:
    nudges.nudge("auctions.open")
    waited_for(broker, auctions=1)
    broker.flushdb()
    nudges.nudge("auctions.open")
    waited_for(broker, auctions=1)


def test_a_broker_that_hangs_or_is_not_there_costs_the_sender_nothing(redis_url: str, broker: redis.Redis) -> None:
    with closing(socket.socket()) as free, hanging_server() as hung:
        free.bind(("127.0.0.1", 0))
        for url in (hung, f"redis://127.0.0.1:{free.getsockname()[1]}/0"):
            nudges = CeleryNudges(url)
            assert sum(seconds_to_nudge(nudges) for _ in range(100)) < module.TIMEOUT_S
            nudges.close()
            assert not nudges._breaker.allows()
            nudges.taken("auctions.open")


def test_a_broker_that_hangs_in_the_middle_of_a_nudge_is_left_alone_for_a_while(
    broker: redis.Redis, redis_url: str
) -> None:
    """The key is set, then the publish meets silence."""
    nudges = CeleryNudges(redis_url)
    with hanging_server() as hung:
        nudges.__dict__["_redis"] = broker
        nudges._redis_url = hung
        assert seconds_to_nudge(nudges) < module.TIMEOUT_S
        nudges._sending.close()
        assert not nudges._breaker.allows()


def test_what_is_wanted_at_the_end_is_sent(redis_url: str, broker: redis.Redis) -> None:
    with closing(CeleryNudges(redis_url)) as nudges:
        nudges.nudge("auctions.open")
    assert broker.llen("auctions") == 1


def test_many_threads_nudge_at_once(nudges: CeleryNudges, broker: redis.Redis) -> None:
    threads = [threading.Thread(target=nudges.nudge, args=("events.publish",)) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    nudges.close()
    assert broker.llen("auctions") == 1


def waited_for(broker: redis.Redis, **lengths: int) -> None:
    """Each queue gets as many messages, and stays so."""
    ends = time.monotonic() + 5
    while {name: broker.llen(name) for name in lengths} != lengths:
        assert time.monotonic() < ends, {name: broker.llen(name) for name in lengths}
        time.sleep(0.005)


class hanging_server:  # noqa: N801
    """Accepts connections and never answers."""

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{self._socket.getsockname()[1]}/0"

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def seconds_to_nudge(nudges: CeleryNudges) -> float:
    began = time.monotonic()
    nudges.nudge("auctions.open")
    return time.monotonic() - began

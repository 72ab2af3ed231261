"""Real Celery workers and beat in processes of their own: what is due gets done, whatever is killed or wiped."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import httpx
import psutil
import psycopg2
import pytest
import redis
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.db.engine import Database
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.embedded.ports import free_port
from intendly.adapters.nudges import CeleryNudges
from intendly.adapters.observability.health import is_alive
from intendly.domain.intent import NewIntent
from intendly.domain.reasons import Reason
from tests.integration.venue_process import VenueProcess
from tests.integration.web.world import Rows, signed_intent
from workers.beat import HANGS_AFTER_S, turns_check

if TYPE_CHECKING:
    from workers.scheduler import LockedScheduler

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

BEAT_LOCK = 0x1A7E_BEA7


class Venue:
    """Starts workers and beats on one database and one Redis, and accepts intents."""

    def __init__(self, database_url: str, redis_url: str, folder: Path, stack: ExitStack) -> None:
        self.rows = Rows(database_url)
        self._database_url, self._redis_url, self._folder, self._stack = database_url, redis_url, folder, stack
        self._database = Database(
            database_url.replace("://", "+psycopg2://", 1), pool_size=1, application="test workers"
        )
        stack.callback(self._database.dispose)
        self.rows.seed(Signer(b"\x51" * 32))
        self.rows.run("UPDATE chain_cursor SET block_time = extract(epoch FROM clock_timestamp())::bigint")

    def worker(self, group: str = "auctions") -> VenueProcess:
        port = free_port()
        return self._start(
            VenueProcess(
                "workers.coordinator",
                self._database_url,
                self._redis_url,
                self._folder,
                (group, "--health-port", str(port)),
                f"http://127.0.0.1:{port}/health/ready",
            )
        )

    def beat(self) -> VenueProcess:
        return self._start(VenueProcess("workers.beat", self._database_url, self._redis_url, self._folder))

    def _start(self, process: VenueProcess) -> VenueProcess:
        started: VenueProcess = self._stack.enter_context(process)
        return started

    def accept(self, count: int = 1) -> list[Hash32]:
        """Commit intents and nudge nobody: beat has to find them."""
        signed = [signed_intent(Signer(os.urandom(32)), deadline=int(time.time()) + 600) for _ in range(count)]
        IntentStore(self._database, open_max=100).accept_many(
            [NewIntent(one.intent.hash, one, Reason.ACCEPTED, due_in_s=0) for one in signed]
        )
        return [one.intent.hash for one in signed]

    def auctions(self) -> int:
        return self.rows.count("auctions")

    def beats_that_hold_the_lock(self) -> int:
        return int(
            self.rows.one(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                BEAT_LOCK,
            )
        )


def until(what: Callable[[], object], timeout_s: float = 45.0) -> None:
    """Wait until `what` is true."""
    ends = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.05)


_OPENING_WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO auctions%'
"""


@contextmanager
def auctions_locked(url: str) -> Iterator[None]:
    """Whoever opens an auction meanwhile stands still in the middle of its transaction."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE auctions IN SHARE MODE")
        yield


@pytest.fixture
def venue(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Venue]:
    with ExitStack() as stack:
        yield Venue(database_url, redis_url, tmp_path, stack)


def test_beat_alone_finds_what_no_nudge_told_of(venue: Venue) -> None:
    venue.worker()
    venue.beat()
    venue.accept(3)
    until(lambda: venue.auctions() == 3)
    until(lambda: venue.rows.count("events") == 6)  # accepted and opened, each


def test_a_tick_tells_what_it_committed(venue: Venue, redis_url: str) -> None:
    """Neither beat nor a nudge sends `events.publish`."""
    venue.worker()
    venue.accept(3)
    with closing(CeleryNudges(redis_url)) as nudges:
        nudges.nudge("auctions.open")
        until(lambda: venue.rows.count("events") == 6)


def test_a_busy_venue_without_beat_opens_all_to_the_last(venue: Venue, redis_url: str) -> None:
    venue.worker()
    with closing(CeleryNudges(redis_url)) as nudges:
        venue.accept(600)  # more than a tick takes
        nudges.nudge("auctions.open", work=600)
        until(lambda: venue.auctions() > 500)
        venue.accept()
        nudges.nudge("auctions.open")
        until(lambda: venue.auctions() == 601, timeout_s=10)


def test_a_second_beat_stands_by_and_takes_over(venue: Venue) -> None:
    venue.worker()
    first = venue.beat()
    until(lambda: venue.beats_that_hold_the_lock() == 1)
    second = venue.beat()
    time.sleep(2)
    assert "lock_taken" in first.said()
    assert "lock_taken" not in second.said()
    first.kill()
    until(lambda: "lock_taken" in second.said(), timeout_s=5)
    venue.accept()
    until(lambda: venue.auctions() == 1)


def test_a_standby_sends_nothing(venue: Venue, redis_url: str) -> None:
    """The beat that holds the lock is frozen, so whatever is sent now is the other's."""
    first = venue.beat()
    until(lambda: venue.beats_that_hold_the_lock() == 1)
    second = venue.beat()
    time.sleep(2)
    with closing(redis.Redis.from_url(redis_url)) as client:
        until(lambda: client.llen("settlements"))
        holder = psutil.Process(first.process.pid)
        holder.suspend()
        try:
            client.flushdb()
            time.sleep(1.5)
            assert client.llen("settlements") == 0
            assert second.process.poll() is None
        finally:
            holder.resume()


def test_a_beat_that_hangs_is_relieved_by_the_second_and_stands_by_when_it_wakes_up(
    venue: Venue, redis_url: str
) -> None:
    first = venue.beat()
    until(lambda: venue.beats_that_hold_the_lock() == 1)
    second = venue.beat()
    hung = psutil.Process(first.process.pid)
    hung.suspend()
    try:
        until(lambda: "lock_taken" in second.said())
        with closing(redis.Redis.from_url(redis_url)) as client:
            client.flushdb()
            until(lambda: client.llen("auctions"))
    finally:
        hung.resume()
    until(lambda: "lock_lost" in first.said())
    assert first.said().count("lock_taken") == 1
    second.terminate()
    until(lambda: first.said().count("lock_taken") == 2)


def test_a_worker_that_is_killed_is_made_up_for_by_the_next(venue: Venue) -> None:
    worker = venue.worker()
    venue.beat()
    venue.accept()
    until(lambda: venue.auctions() == 1)
    worker.kill()
    venue.accept(5)
    time.sleep(1)
    assert venue.auctions() == 1
    venue.worker()
    until(lambda: venue.auctions() == 6)


def test_a_worker_that_is_killed_in_the_middle_of_a_task_leaves_the_work_to_the_next(venue: Venue) -> None:
    worker = venue.worker()
    venue.beat()
    with auctions_locked(venue.rows.url):
        venue.accept(3)
        until(lambda: venue.rows.one(_OPENING_WAITS) > 0)
        worker.kill()
    venue.worker()
    until(lambda: venue.auctions() == 3)
    assert venue.rows.one("SELECT count(DISTINCT intent_hash) FROM auction_intents") == 3


def test_a_pool_process_that_is_killed_is_replaced(venue: Venue) -> None:
    worker = venue.worker()
    venue.beat()
    venue.accept()
    until(lambda: venue.auctions() == 1)
    killed = worker.children()
    for child in killed:
        child.kill()
    psutil.wait_procs(killed, timeout=5)
    venue.accept(2)
    until(lambda: venue.auctions() == 3)
    assert worker.process.poll() is None


def test_a_wiped_redis_loses_nothing(venue: Venue, redis_url: str) -> None:
    venue.worker()
    venue.beat()
    venue.accept()
    until(lambda: venue.auctions() == 1)
    with closing(redis.Redis.from_url(redis_url)) as client:
        for _ in range(5):
            venue.accept()
            client.flushdb()
            time.sleep(0.1)
    until(lambda: venue.auctions() == 6)


def test_sigterm_ends_a_worker_soon_and_its_work_goes_on_elsewhere(venue: Venue) -> None:
    worker, _ = venue.worker(), venue.worker()
    venue.beat()
    venue.accept()
    until(lambda: venue.auctions() == 1)
    assert worker.terminate() < 12
    venue.accept()
    until(lambda: venue.auctions() == 2)


def test_a_pool_process_that_cannot_end_does_not_hold_up_the_end(venue: Venue) -> None:
    worker = venue.worker()
    venue.beat()
    venue.accept()
    until(lambda: venue.auctions() == 1)
    pool = worker.children()
    for child in pool:
        child.suspend()
    assert 5 < worker.terminate() < 15
    _, alive = psutil.wait_procs(pool, timeout=2)
    assert alive == []
    assert "shutdown_cut_short" in worker.said()


def test_the_worker_answers_health_and_metrics_at_its_root(venue: Venue) -> None:
    worker = venue.worker("solvers")
    root = worker.health_url.removesuffix("/health/ready")
    health = httpx.get(f"{root}/health", trust_env=False).json()
    assert health["parts"]["database"]["ok"]
    assert "python_info" in httpx.get(f"{root}/metrics", trust_env=False).text


def test_sigterm_ends_a_beat_in_the_middle_of_a_send(venue: Venue) -> None:
    """Again and again, since celery's own handler fails at some moments of a send only."""
    for turn in range(4):
        beat = venue.beat()
        _until_it_ticks(beat)
        time.sleep(0.3 + 0.061 * turn)
        assert beat.terminate() < 15
        assert beat.process.returncode == 0
        assert "Traceback" not in beat.said()


def test_sigterm_ends_a_beat_whose_broker_hangs(database_url: str, tmp_path: Path) -> None:
    with closing(socket.socket()) as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen(64)
        url = f"redis://127.0.0.1:{hung.getsockname()[1]}/0"
        with VenueProcess("workers.beat", database_url, url, tmp_path) as beat:
            _until_it_ticks(beat)
            time.sleep(0.5)
            assert beat.terminate() < 8


def test_a_beat_that_waits_for_its_broker_is_alive(database_url: str, tmp_path: Path) -> None:
    broker, port = f"redis://127.0.0.1:{free_port()}/0", free_port()
    live = f"http://127.0.0.1:{port}/health/live"
    with VenueProcess("workers.beat", database_url, broker, tmp_path, ("--health-port", str(port)), live) as beat:
        until(lambda: beat.said().count("broker_unreachable") > 2)
        assert httpx.get(live, trust_env=False).is_success
        beat.kill()


def test_a_beat_whose_loop_stands_still_is_not_alive() -> None:
    for age_s, alive in ((0.0, True), (HANGS_AFTER_S + 1, False)):
        stands_still = cast("LockedScheduler", SimpleNamespace(turned_at=time.monotonic() - age_s))
        assert is_alive([turns_check(stands_still)]) is alive


def _until_it_ticks(beat: VenueProcess) -> None:
    until(lambda: "lock_taken" in beat.said())

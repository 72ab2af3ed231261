"""Numbering: from committed changes to numbered events that the stream servers were told of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from redis import Redis
from sqlalchemy import text

from bench.events import Events, events_of
from bench.rows import Reading, Rounds, Run, Spec, subject
from intendly.adapters.db.engine import Database
from intendly.adapters.observability.logging import configure_logging
from intendly.services.publish_events import PublishEvents

_STAGE = (
    "DROP TABLE IF EXISTS floor_changes, floor_events",
    "CREATE TABLE floor_events (LIKE events INCLUDING ALL)",
    "CREATE TABLE floor_changes AS SELECT * FROM outbox",
)
_INSERT = text("""
    INSERT INTO floor_events (number, kind, intent_hash, auction_id, swapper, solver, data, at)
    SELECT id, kind, intent_hash, auction_id, swapper, solver, data, at FROM floor_changes
""")


@subject(
    Spec(
        "stream.published",
        "committed changes numbered and pushed, 10,000 of them",
        "events/s",
        "one INSERT … SELECT of as many rows, and one PUBLISH of as many bytes",
        better="more",
    ),
)
def publish(run: Run) -> Rounds:
    count = run.size(10_000, 200)
    settings = run.ground.site()
    with events_of(settings) as events:
        database = Database(settings.sqlalchemy_url, pool_size=1, application="bench floor")
        redis = Redis.from_url(settings.redis_url.get_secret_value())
        while True:
            events.commit(count)
            floor_s = _bare(database, redis, size=300 * count)
            with logging_as_in_production(settings.data_dir / "publish.log"):
                took_s = _published(events, count)
            yield {"stream.published": Reading(count / took_s, count / floor_s)}


def _published(events: Events, count: int) -> float:
    began = time.monotonic()
    left = count
    while left:
        left -= PublishEvents(events.store, events.live).run()
    return time.monotonic() - began


def _bare(database: Database, redis: Redis, size: int) -> float:
    with database.transaction() as connection:
        for statement in _STAGE:
            connection.execute(text(statement))
    message = b"x" * size
    began = time.monotonic()
    with database.transaction() as connection:
        connection.execute(_INSERT)
    redis.publish("bench-floor", message)
    return time.monotonic() - began


@contextmanager
def logging_as_in_production(file: Path) -> Iterator[None]:
    """A line for each event, which costs as much as some of the work."""
    try:
        with file.open("w") as log, redirect_stderr(log):
            configure_logging("bench")
            yield
    finally:
        configure_logging("bench", "WARNING", "console")

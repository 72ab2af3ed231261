"""What one subscription hears is found by what it names, however long the log has become."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from intendly.domain.events import Interest
from tests.integration.stream.conftest import SWAPPER, Stream, intent

pytestmark = pytest.mark.integration

EVENTS = 20_000


@pytest.fixture
def log(stream: Stream) -> Stream:
    """Many events, five of an intent, with their statistics known, and those of the head not, as on a young venue."""
    stream.rows.run(
        "INSERT INTO events (number, kind, intent_hash, swapper, data, at)"
        " SELECT n, 'intent.accepted', decode(lpad(to_hex(n / 5), 64, '0'), 'hex'),"
        " CASE WHEN n %% 1000 = 0 THEN %s ELSE decode(lpad(to_hex(n / 50), 40, '0'), 'hex') END, '{}', now()"
        " FROM generate_series(1, %s) n",
        bytes(SWAPPER),
        EVENTS,
    )
    stream.rows.run("ANALYZE events")
    return stream


@pytest.mark.parametrize(
    ("interest", "found"),
    [
        (Interest(intents=frozenset({str(intent(7))})), 5),
        (Interest(intents=frozenset({str(intent(EVENTS))})), 0),
        (Interest(swappers=frozenset({str(SWAPPER)})), 20),
        (Interest(intents=frozenset({str(intent(7))}), swappers=frozenset({str(SWAPPER)})), 25),
    ],
)
def test_resuming_by_intent_or_swapper_reads_no_more_than_it_tells(log: Stream, interest: Interest, found: int) -> None:
    asked: list[tuple[str, Any]] = []

    def see(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    _, engine = log.database.engines
    event.listen(engine, "before_cursor_execute", see)
    told = log.store.heard_by(interest, 0, EVENTS, 500)
    event.remove(engine, "before_cursor_execute", see)
    assert len(told) == found
    [(statement, parameters)] = asked
    with log.database.transaction() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    assert _passed_over(explained[0]["Plan"]) <= 10


def _passed_over(plan: dict[str, Any]) -> int:
    """Rows that were read and not told."""
    return int(plan.get("Rows Removed by Filter", 0)) + sum(map(_passed_over, plan.get("Plans", ())))

"""Counts the SQL that a piece of work runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from intendly.adapters.db.engine import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The round trips of statements within the block, those aside that a connection makes once, to prepare."""
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("PREPARE "):
            seen.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", see)
    yield seen
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", see)

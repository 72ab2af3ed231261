"""Alembic, driven from code: `intendly db upgrade`, the supervisor and the tests all come through here.

A migration waits at most `LOCK_TIMEOUT_MS` for a lock, so that it never queues the venue's traffic behind it, and
only one runs at a time. Code of the version before must run on the schema that it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
LOCK_TIMEOUT_MS = 3_000
_ONE_AT_A_TIME = 0x1A7E4D17


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` (SQLAlchemy form) up to `revision`."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` down to `revision` ("base" for nothing)."""
    _run(url, lambda config: command.downgrade(config, revision))


def _run(url: str, act: Callable[[Config], None]) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        _prepare(connection)
        try:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            act(config)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})
            connection.commit()
    engine.dispose()


def _prepare(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
    connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
    connection.commit()

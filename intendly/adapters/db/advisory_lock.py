"""A lock that one process in the whole venue holds: a PostgreSQL advisory lock on a connection of its own.

It goes when the process, its connection or the server does, and when the holder hangs: PostgreSQL itself ends a session
that was idle for too long. Whoever holds it must ask `held` again and again, and before each act.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

log = structlog.get_logger(__name__)


class AdvisoryLock:
    """`pg_try_advisory_lock(key)`, taken when it is free and checked while it is held. Not for several threads.

    A holder that has not asked `held` for `patience_s` loses it, so that is to be several times `check_s`.
    """

    def __init__(
        self,
        url: str,
        key: int,
        *,
        application: str,
        check_s: float,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "application_name": application,
                "connect_timeout": 3,
                "options": f"-c statement_timeout=2000 -c idle_session_timeout={round(patience_s * 1000)}",
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 5_000,
            },
        )
        self._key = key
        self._check_s = check_s
        self._clock = clock
        self._connection: Connection | None = None
        self._held = False
        self._checked_at = float("-inf")

    def held(self) -> bool:
        """Whether this process holds the lock; takes it if it is free. Never raises.

        It asks the server at most every `check_s` seconds: a loss shows after that time at the latest.
        """
        if self._clock() - self._checked_at < self._check_s:
            return self._held
        before = self._held
        try:
            self._held = self._ask()
        except DBAPIError as error:
            self._drop()
            log.warning("lock_unreachable", key=self._key, error=type(error).__name__)
        self._checked_at = self._clock()
        if self._held != before:
            log.info("lock_taken" if self._held else "lock_lost", key=self._key)
        return self._held

    def release(self) -> None:
        """Give it up: the connection is closed, and another process may take it at once."""
        self._drop()

    def _ask(self) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._held = False
        if self._held:
            self._connection.execute(text("SELECT 1"))
            return True
        taken = self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key})
        return bool(taken.scalar_one())

    def _drop(self) -> None:
        self._held = False
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()

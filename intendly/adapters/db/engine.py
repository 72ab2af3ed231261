"""The engine, made after the fork and shared by one process, and the one way to open a transaction."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

_SELECTABLE: Final = 1_024


def _replace_what_was_closed(connection: Any, *_: object) -> None:
    """An idle connection that can be read has got the server's good-bye: the pool makes another, unseen.

    Without a round trip; `select` cannot look at file numbers beyond 1,023, so those are taken as they are.
    """
    number = connection.fileno()
    if number < _SELECTABLE and select.select([number], [], [], 0)[0]:
        raise DisconnectionError


class Database:
    """PostgreSQL for one process. The pool is made at first use, so that a fork never shares a socket.

    A transaction is never held across the network (design: The rule that everything follows).
    """

    def __init__(self, url: str, *, pool_size: int, application: str, statement_timeout_ms: int = 15_000) -> None:
        self._url = url
        self._pool_size = pool_size
        self._options = f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=30000"
        self._application = application
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = create_engine(
                self._url,
                hide_parameters=True,  # an error's text goes into logs; a sealed bid's values must not
                pool_size=self._pool_size,
                max_overflow=0,
                pool_pre_ping=False,
                pool_recycle=1_800,
                pool_use_lifo=True,
                connect_args={
                    "application_name": self._application,
                    "connect_timeout": 5,
                    "options": self._options,
                    "keepalives_idle": 30,
                },
            )
            event.listen(self._engine, "checkout", _replace_what_was_closed)
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back by an exception."""
        with self.engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the pool; the next use makes a new one."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

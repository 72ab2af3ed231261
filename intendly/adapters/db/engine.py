"""The engine, made after the fork and shared by one process, and the one way to open a transaction."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import IsolationLevel
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
    """PostgreSQL for one process. A pool is made at first use, so that a fork never shares a socket.

    A transaction is never held across the network (design: The rule that everything follows). `pool_size` is the most
    connections for transactions, and as many again for single statements.
    """

    def __init__(self, url: str, *, pool_size: int, application: str, statement_timeout_ms: int = 15_000) -> None:
        self._url = url
        self._pool_size = pool_size
        self._options = (
            f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=30000"
            " -c plan_cache_mode=force_generic_plan"  # what is prepared is planned once
        )
        self._application = application
        self._engines: dict[str, Engine] = {}

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """That of transactions, and that of single statements."""
        return self._engine("READ COMMITTED"), self._engine("AUTOCOMMIT")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back by an exception."""
        with self._engine("READ COMMITTED").begin() as connection:
            yield connection

    @contextmanager
    def statement(self) -> Iterator[Connection]:
        """For statements that each are a transaction of their own: one round trip where `transaction` takes three."""
        with self._engine("AUTOCOMMIT").connect() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the pools; the next use makes new ones."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def _engine(self, isolation: IsolationLevel) -> Engine:
        if isolation not in self._engines:
            self._engines[isolation] = self._made(isolation)
        return self._engines[isolation]

    def _made(self, isolation: IsolationLevel) -> Engine:
        engine = create_engine(
            self._url,
            isolation_level=isolation,
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
        event.listen(engine, "checkout", _replace_what_was_closed)
        return engine

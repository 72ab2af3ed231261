"""The tokens that are traded and block time, read at most once a second by each process."""

from __future__ import annotations

import threading
import time

from intendly_sdk.messages import TokenView
from intendly_sdk.primitives import Address
from sqlalchemy import select, text

from intendly.adapters.db.engine import Database
from intendly.adapters.db.tables import tokens
from intendly.domain.intent_rules import Market

_MARKET = text("""
    SELECT t.address, t.gas_fee,
           floor(extract(epoch FROM statement_timestamp()))::bigint AS clock, c.block_time
    FROM (SELECT) one LEFT JOIN chain_cursor c ON true LEFT JOIN tokens t ON true
""")


class MarketStore:
    """What every intent is checked against. Raises SQLAlchemy's errors when the database is away."""

    def __init__(self, database: Database, *, fresh_for_s: float = 1.0) -> None:
        self._database = database
        self._fresh_for_s = fresh_for_s
        self._reading = threading.Lock()
        self._known: tuple[float, Market] | None = None

    def market(self) -> Market:
        """At most `fresh_for_s` old. One caller reads, the others wait for it."""
        known = self._fresh()
        if known is not None:
            return known
        with self._reading:
            known = self._fresh()
            if known is None:
                known = self._read()
                self._known = (time.monotonic() + self._fresh_for_s, known)
            return known

    def tokens(self) -> tuple[TokenView, ...]:
        """Every token with its gas fee, by symbol."""
        query = select(tokens.c.address, tokens.c.symbol, tokens.c.name, tokens.c.decimals, tokens.c.gas_fee)
        with self._database.statement() as connection:
            rows = connection.execute(query.order_by(tokens.c.symbol, tokens.c.address)).mappings().all()
        return tuple(TokenView.model_validate(dict(row)) for row in rows)

    def _fresh(self) -> Market | None:
        if self._known is not None and time.monotonic() < self._known[0]:
            return self._known[1]
        return None

    def _read(self) -> Market:
        with self._database.statement() as connection:
            rows = connection.execute(_MARKET).all()
        return Market(
            gas_fees={
                Address(row.address): None if row.gas_fee is None else int(row.gas_fee)
                for row in rows
                if row.address is not None
            },
            block_time=rows[0].clock if rows[0].block_time is None else rows[0].block_time,
            clock=rows[0].clock,
        )

"""The registered solvers, as the index has them: for anyone, without their endpoints; and whom to ask for quotes."""

from __future__ import annotations

from typing import Any

from intendly_sdk.messages import SolverView
from intendly_sdk.primitives import Address
from sqlalchemy import Row, func, select

from intendly.adapters.db.engine import Database
from intendly.adapters.db.tables import solvers
from intendly.services.quote_ports import Endpoint


class SolverViews:
    """`SolverReader` on PostgreSQL, each read one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, solver: Address) -> SolverView | None:
        with self._database.statement() as connection:
            row = connection.execute(select(solvers).where(solvers.c.address == solver)).one_or_none()
        return None if row is None else _view(row)

    def page(self, limit: int, after: Address | None) -> tuple[SolverView, ...]:
        query = select(solvers).order_by(solvers.c.address).limit(limit)
        if after is not None:
            query = query.where(solvers.c.address > after)
        with self._database.statement() as connection:
            return tuple(_view(row) for row in connection.execute(query))

    def some_endpoints(self, limit: int) -> list[Endpoint]:
        query = select(solvers.c.address, solvers.c.endpoint).where(solvers.c.active, solvers.c.endpoint != "")
        with self._database.statement() as connection:
            rows = connection.execute(query.order_by(func.random()).limit(limit)).all()
        return [Endpoint(row.address, row.endpoint) for row in rows]


def _view(row: Row[Any]) -> SolverView:
    return SolverView(
        address=row.address,
        signing_key=row.signing_key,
        active=row.active,
        asked_over="http" if row.endpoint else "stream",
    )

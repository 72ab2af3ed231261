"""Who signs for a solver, as the indexed registry has it."""

from __future__ import annotations

from intendly_sdk.primitives import Address
from sqlalchemy import select

from intendly.adapters.db.engine import Database
from intendly.adapters.db.tables import solvers


class SolverKeys:
    """`SigningKeys` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def signing_key(self, solver: Address) -> Address | None:
        statement = select(solvers.c.signing_key).where(solvers.c.address == solver, solvers.c.active)
        with self._database.statement() as connection:
            key: Address | None = connection.execute(statement).scalar_one_or_none()
        return key

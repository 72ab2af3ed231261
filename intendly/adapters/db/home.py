"""The one row that says which chain and contract all the others are about."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from intendly.adapters.db.engine import Database
from intendly.adapters.db.tables import deployment
from intendly.domain.deployment import Home


class HomeStore:
    """`HomeStore` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle_in(self, home: Home) -> Home:
        first = insert(deployment).values(
            singleton=True, chain_id=home.chain_id, genesis_hash=home.genesis_hash, settlement=home.settlement
        )
        with self._database.transaction() as connection:
            connection.execute(first.on_conflict_do_nothing())
            row = connection.execute(select(deployment)).one()
        return Home(row.chain_id, row.genesis_hash, row.settlement)

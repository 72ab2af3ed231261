"""The tokens that the venue trades, and what a fill's gas costs in each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from intendly.adapters.db.engine import Database
from intendly.adapters.db.tables import tokens as tokens_table
from intendly.domain.deployment import Token
from intendly.services.ports import PricedGas


class TokenStore:
    """`TokenStore` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tokens: Sequence[Token], priced: PricedGas) -> None:
        statement = insert(tokens_table)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["address"],
            set_={
                "symbol": new.symbol,
                "name": new.name,
                "decimals": new.decimals,
                "gas_fee": func.coalesce(new.gas_fee, tokens_table.c.gas_fee),
                "priced_block": func.coalesce(new.priced_block, tokens_table.c.priced_block),
            },
        )
        rows = [
            {
                **token.model_dump(),
                "gas_fee": priced.fees.get(token.address),
                "priced_block": priced.block_number if token.address in priced.fees else None,
            }
            for token in tokens
        ]
        with self._database.transaction() as connection:
            connection.execute(statement, rows)

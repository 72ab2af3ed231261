"""The index's own rows: its cursor and the hashes of recent blocks. Cursor and effects commit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.primitives import Address
from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from intendly.adapters.db import outbox
from intendly.adapters.db.chain_effects import apply_failures, apply_fills, finalize, take_back
from intendly.adapters.db.engine import Database
from intendly.adapters.db.registry_effects import apply_registry
from intendly.adapters.db.tables import blocks as blocks_table
from intendly.adapters.db.tables import chain_cursor
from intendly.domain.chain import Block, BundleFailed, Filled, Log, SolverChanged
from intendly.services.ports import IndexCursor

BLOCKS_KEPT = 512


class ChainIndexStore:
    """`ChainIndex` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self) -> IndexCursor | None:
        with self._database.transaction() as connection:
            row = connection.execute(select(chain_cursor.c.block_number, chain_cursor.c.block_hash)).first()
        return IndexCursor(row.block_number, row.block_hash) if row else None

    def known_blocks(self, below: int, limit: int) -> list[IndexCursor]:
        statement = (
            select(blocks_table.c.number, blocks_table.c.hash)
            .where(blocks_table.c.number < below, blocks_table.c.canonical)
            .order_by(blocks_table.c.number.desc())
            .limit(limit)
        )
        with self._database.transaction() as connection:
            return [IndexCursor(row.number, row.hash) for row in connection.execute(statement)]

    def advance(self, since: IndexCursor | None, blocks: Sequence[Block], logs: Sequence[Log], final: int) -> bool:
        last = blocks[-1]
        with self._database.transaction() as connection:
            held = _hold(connection, since)
            if held is None:
                return False
            _put_blocks(connection, blocks)
            changes = apply_fills(connection, [log for log in logs if isinstance(log, Filled)])
            changes += apply_failures(
                connection, [log for log in logs if isinstance(log, BundleFailed)], last.timestamp
            )
            changes += apply_registry(connection, [log for log in logs if isinstance(log, SolverChanged)])
            final = max(held, min(final, last.number))
            if final > held:
                changes += finalize(connection, held, final)
            outbox.record(connection, changes)
            _stand_at(connection, last, final)
        return True

    def solvers_after(self, number: int) -> list[Address]:
        with self._database.transaction() as connection:
            changed = connection.execute(
                text("SELECT address FROM solvers WHERE block_number > :number"), {"number": number}
            ).scalars()
            return [Address(address) for address in changed]

    def roll_back(self, since: IndexCursor, to: IndexCursor, solvers: Sequence[SolverChanged]) -> bool:
        with self._database.transaction() as connection:
            if _hold(connection, since) is None:
                return False
            changes = take_back(connection, to.number) + apply_registry(connection, solvers)
            outbox.record(connection, changes)
            connection.execute(
                update(blocks_table)
                .where(blocks_table.c.number > to.number, blocks_table.c.canonical)
                .values(canonical=False)
            )
            connection.execute(
                update(chain_cursor).values(
                    block_number=to.number,
                    block_hash=to.hash,
                    final_number=text("least(final_number, :to)").bindparams(to=to.number),
                )
            )
        return True


def _hold(connection: Connection, since: IndexCursor | None) -> int | None:
    """Lock the cursor and return the final block's number, or None if it is not at `since`."""
    row = connection.execute(select(chain_cursor).with_for_update()).first()
    if row is None:
        return 0 if since is None else None
    here = IndexCursor(row.block_number, row.block_hash)
    return int(row.final_number) if here == since else None


def _put_blocks(connection: Connection, blocks: Sequence[Block]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "number": block.number,
            "hash": block.hash,
            "parent_hash": block.parent_hash,
            "timestamp": block.timestamp,
            "canonical": True,
        }
        for block in blocks
    ]
    statement = insert(blocks_table).on_conflict_do_update(
        index_elements=[blocks_table.c.number, blocks_table.c.hash], set_={"canonical": True}
    )
    connection.execute(statement, rows)
    connection.execute(text("DELETE FROM blocks WHERE number < :oldest"), {"oldest": blocks[-1].number - BLOCKS_KEPT})


def _stand_at(connection: Connection, block: Block, final: int) -> None:
    values = {
        "block_number": block.number,
        "block_hash": block.hash,
        "block_time": block.timestamp,
        "final_number": final,
    }
    statement = insert(chain_cursor).values(singleton=True, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["singleton"], set_=values))

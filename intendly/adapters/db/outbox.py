"""The outbox: a transaction writes its change and the event of it together, or neither."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from intendly.adapters.db.tables import outbox
from intendly.domain.events import Change


def record(connection: Connection, changes: Sequence[Change]) -> None:
    """Write `changes` in one statement, in their order. Part of the caller's transaction."""
    if changes:
        connection.execute(
            insert(outbox),
            [
                {
                    "kind": str(change.kind),
                    "intent_hash": change.intent_hash,
                    "auction_id": change.auction_id,
                    "swapper": change.swapper,
                    "solver": change.solver,
                    "data": change.data,
                }
                for change in changes
            ],
        )

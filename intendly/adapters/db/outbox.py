"""The outbox: a transaction writes its change and the event of it together, or neither."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from intendly.domain.events import Change

_RECORD: Final = text("""
    INSERT INTO outbox (kind, intent_hash, auction_id, swapper, solver, data)
    SELECT kind, intent_hash, auction_id, swapper, solver, data::jsonb
    FROM unnest(
        CAST(:kind AS text[]), CAST(:intent_hash AS bytea[]), CAST(:auction_id AS bytea[]), CAST(:swapper AS bytea[]),
        CAST(:solver AS bytea[]), CAST(:data AS text[])
    ) WITH ORDINALITY AS c (kind, intent_hash, auction_id, swapper, solver, data, position)
    ORDER BY position
""")


def record(connection: Connection, changes: Sequence[Change]) -> None:
    """Write `changes` in one statement, in their order. Part of the caller's transaction."""
    if changes:
        connection.execute(
            _RECORD,
            {
                "kind": [str(change.kind) for change in changes],
                "intent_hash": [_bytes(change.intent_hash) for change in changes],
                "auction_id": [_bytes(change.auction_id) for change in changes],
                "swapper": [_bytes(change.swapper) for change in changes],
                "solver": [_bytes(change.solver) for change in changes],
                "data": [json.dumps(change.data) for change in changes],
            },
        )


def _bytes(value: bytes | None) -> bytes | None:
    return None if value is None else bytes(value)

"""Ends intents that no block can fill any more."""

from __future__ import annotations

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import text

from intendly.adapters.db import outbox
from intendly.adapters.db.engine import Database
from intendly.domain.events import Change
from intendly.domain.reasons import Reason, words


class ExpiryStore:
    """`Expiry` on PostgreSQL. An indexed block past the deadline means that no later one can hold a fill."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def expire(self, limit: int) -> int:
        with self._database.transaction() as connection:
            rows = connection.execute(_EXPIRE, {"limit": limit}).all()
            outbox.record(
                connection,
                [
                    Change(
                        EventKind.INTENT_EXPIRED,
                        intent_hash=Hash32(row.hash),
                        swapper=Address(row.swapper),
                        data={
                            "reason": Reason.DEADLINE_PASSED.value,
                            "detail": words(Reason.DEADLINE_PASSED, {}),
                            "last_reason": row.last_reason,
                        },
                    )
                    for row in rows
                ],
            )
        return len(rows)


_EXPIRE = text(
    """
    WITH due AS (
        SELECT i.hash, i.reason AS last_reason
        FROM intents i
        WHERE i.state IN ('open', 'awarded', 'submitted') AND i.deadline < (SELECT block_time FROM chain_cursor)
          AND NOT EXISTS (SELECT 1 FROM fills f WHERE f.intent_hash = i.hash AND f.canonical)
        ORDER BY i.deadline LIMIT :limit
        FOR UPDATE OF i SKIP LOCKED
    ),
    legs AS (UPDATE settlement_legs l SET live = false FROM due d WHERE l.intent_hash = d.hash AND l.live),
    ended AS (
        UPDATE awards a SET state = 'lapsed'
        FROM due d JOIN auction_intents ai ON ai.intent_hash = d.hash JOIN auctions au ON au.id = ai.auction_id
        WHERE a.bid_hash = au.winner AND a.state IN ('due', 'submitted')
    )
    UPDATE intents i
    SET state = 'expired', version = version + 1, reason = 'deadline_passed', next_due_at = NULL,
        reason_facts = jsonb_build_object('last_reason', d.last_reason), updated_at = statement_timestamp()
    FROM due d WHERE i.hash = d.hash
    RETURNING i.hash, i.swapper, d.last_reason
    """
)

"""Ends an open intent at its swapper's word, by one statement."""

from __future__ import annotations

from intendly_sdk.messages import EventKind, IntentState
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import text

from intendly.adapters.db import outbox
from intendly.adapters.db.engine import Database
from intendly.domain.events import Change
from intendly.domain.reasons import Reason, words
from intendly.services.ports import CancelStanding

# Awards are looked for after the intent is held: the close writes one in the transaction that holds it.
_HOLD = text("""
    SELECT state, swapper, reason_facts ->> 'not_after' AS cancelled_at FROM intents WHERE hash = :hash
    FOR NO KEY UPDATE
""")
_LAST_AWARD = text("""
    SELECT coalesce(c.block_time, extract(epoch FROM statement_timestamp())::bigint) AS block_time,
           coalesce((
               SELECT max(w.exclusive_until)
               FROM auction_intents ai JOIN auctions a ON a.id = ai.auction_id JOIN awards w ON w.bid_hash = a.winner
               WHERE ai.intent_hash = :hash
           ), 0) AS exclusive_until
    FROM (SELECT) one LEFT JOIN chain_cursor c ON true
""")
_CANCEL = text("""
    UPDATE intents
    SET state = 'cancelled', reason = 'cancelled', reason_facts = jsonb_build_object('not_after', :not_after ::bigint),
        next_due_at = NULL, version = version + 1, updated_at = statement_timestamp()
    WHERE hash = :hash
""")


class CancelStore:
    """`CancelStore` of the ports, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cancel(self, intent_hash: Hash32) -> CancelStanding | None:
        key = {"hash": bytes(intent_hash)}
        with self._database.transaction() as connection:
            intent = connection.execute(_HOLD, key).one_or_none()
            if intent is None:
                return None
            last = connection.execute(_LAST_AWARD, key).one()
            not_after = max(last.exclusive_until, last.block_time)
            if intent.state != IntentState.OPEN:
                cancelled_at = not_after if intent.cancelled_at is None else int(intent.cancelled_at)
                ended = intent.state == IntentState.CANCELLED
                return CancelStanding(
                    IntentState(intent.state), cancelled_at if ended else last.exclusive_until, last.block_time
                )
            connection.execute(_CANCEL, key | {"not_after": not_after})
            outbox.record(connection, [_told(intent_hash, Address(intent.swapper), not_after)])
        return CancelStanding(IntentState.CANCELLED, not_after, last.block_time)


def _told(intent_hash: Hash32, swapper: Address, not_after: int) -> Change:
    return Change(
        EventKind.INTENT_CANCELLED,
        intent_hash=intent_hash,
        swapper=swapper,
        data={
            "reason": Reason.CANCELLED.value,
            "detail": words(Reason.CANCELLED, {}),
            "not_after": not_after,
        },
    )

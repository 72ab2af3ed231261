"""Intents as anyone may see them: never a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import FillView, IntentState, IntentStatus, IntentView
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import Row, text

from intendly.adapters.db.engine import Database
from intendly.adapters.db.intent_rows import intent_of
from intendly.adapters.db.prepared import Prepared
from intendly.adapters.group import Group
from intendly.domain.deployment import Deployment
from intendly.domain.reasons import Reason, words
from intendly.services.ports import Accepted, PagePosition

_VIEW = """
    SELECT i.*, (extract(epoch FROM i.created_at) * 1000000)::bigint AS created_us, latest.auction_id,
           f.bid_hash, f.solver, f.amount_out, f.fee, f.tx_hash, f.block_number, f.block_hash,
           c.block_number - f.block_number + 1 AS confirmations, c.final_number >= f.block_number AS final
    FROM ({rows}) i
    LEFT JOIN LATERAL (
        SELECT a.id AS auction_id FROM auction_intents ai JOIN auctions a ON a.id = ai.auction_id
        WHERE ai.intent_hash = i.hash ORDER BY a.opened_at DESC LIMIT 1
    ) latest ON true
    LEFT JOIN LATERAL (SELECT * FROM fills WHERE intent_hash = i.hash AND canonical LIMIT 1) f ON true
    LEFT JOIN chain_cursor c ON true
    ORDER BY i.created_at DESC, i.hash DESC
"""
_FOUND = Prepared(
    _VIEW.format(
        rows="""
    SELECT found.* FROM unnest(CAST(:hashes AS bytea[])) asked (hash)
    CROSS JOIN LATERAL (SELECT * FROM intents WHERE hash = asked.hash LIMIT 1) found
"""
    )
)
_PAGE = "SELECT * FROM intents WHERE swapper = :swapper {behind} ORDER BY created_at DESC, hash DESC LIMIT :limit"
_BEHIND = "AND (created_at, hash) < (timestamptz 'epoch' + :created_us * interval '1 microsecond', :hash)"
_FIRST_PAGE = text(_VIEW.format(rows=_PAGE.format(behind="")))
_NEXT_PAGE = text(_VIEW.format(rows=_PAGE.format(behind=_BEHIND)))
_ACCEPTED = text(
    "SELECT state, floor(extract(epoch FROM created_at))::bigint AS accepted_at FROM intents WHERE hash = :hash"
)
_STATUS = text("""
    SELECT i.state, i.reason, i.reason_facts, i.auctions_held, best.amount_out,
           (extract(epoch FROM i.next_due_at) * 1000)::bigint AS next_auction_at
    FROM intents i
    LEFT JOIN LATERAL (
        SELECT max(l.amount_out) AS amount_out
        FROM (
            SELECT a.id FROM auction_intents ai JOIN auctions a ON a.id = ai.auction_id
            WHERE ai.intent_hash = i.hash AND a.state = 'closed' ORDER BY a.closed_at DESC LIMIT 1
        ) last
        JOIN bids b ON b.auction_id = last.id
        JOIN bid_legs l ON l.bid_hash = b.hash AND l.intent_hash = i.hash
    ) best ON true
    WHERE i.hash = :hash
""")


class IntentViews:
    """Reads, each of one statement. Chain and contract are the deployment's: every row is about them."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment
        self._finds: Group[Hash32, IntentView | None] = Group(self._found)

    def accepted(self, intent_hash: Hash32) -> Accepted | None:
        """How it stands, or None for a hash that was never accepted."""
        with self._database.statement() as connection:
            row = connection.execute(_ACCEPTED, {"hash": bytes(intent_hash)}).one_or_none()
        return None if row is None else Accepted(IntentState(row.state), created=False, accepted_at=row.accepted_at)

    def find(self, intent_hash: Hash32) -> IntentView | None:
        """The intent with its latest auction, and its fill when there is one; asked together with others."""
        (view,) = self._finds.get([intent_hash])
        return view

    def status(self, intent_hash: Hash32) -> IntentStatus | None:
        """Why it is not filled; the best amount is of the last closed auction, whether it could win or not."""
        with self._database.statement() as connection:
            row = connection.execute(_STATUS, {"hash": bytes(intent_hash)}).one_or_none()
        if row is None:
            return None
        return IntentStatus(
            intent_hash=intent_hash,
            state=IntentState(row.state),
            reason=row.reason,
            detail=words(Reason(row.reason), row.reason_facts),
            best_amount_out=None if row.amount_out is None else int(row.amount_out),
            attempts=row.auctions_held,
            next_auction_at=row.next_auction_at if row.state == "open" else None,
        )

    def page(
        self, swapper: Address, limit: int, after: PagePosition | None
    ) -> tuple[tuple[IntentView, ...], PagePosition | None]:
        """The swapper's intents behind `after`, newest first, at most `limit`."""
        values: dict[str, Any] = {"swapper": bytes(swapper), "limit": limit + 1}
        if after is not None:
            values |= {"created_us": after.created_us, "hash": bytes(after.intent_hash)}
        with self._database.statement() as connection:
            rows = connection.execute(_FIRST_PAGE if after is None else _NEXT_PAGE, values).all()
        shown, more = rows[:limit], rows[limit:]
        last = PagePosition(shown[-1].created_us, Hash32(shown[-1].hash)) if more else None
        return tuple(self._view(row) for row in shown), last

    def _found(self, hashes: Sequence[Hash32]) -> list[IntentView | None]:
        with self._database.statement() as connection:
            rows = _FOUND.all(connection, {"hashes": [bytes(one) for one in dict.fromkeys(hashes)]})
        views = {Hash32(row.hash): self._view(row) for row in rows}
        return [views.get(one) for one in hashes]

    def _view(self, row: Row[Any]) -> IntentView:
        return IntentView(
            intent_hash=Hash32(row.hash),
            intent=intent_of(row, self._deployment),
            state=IntentState(row.state),
            version=row.version,
            created_at=row.created_us // 1000,
            auction_id=None if row.auction_id is None else Hash32(row.auction_id),
            fill=None if row.tx_hash is None else _fill_of(row),
        )


def _fill_of(row: Row[Any]) -> FillView:
    return FillView(
        bid_hash=Hash32(row.bid_hash),
        solver=Address(row.solver),
        amount_out=int(row.amount_out),
        fee=int(row.fee),
        tx_hash=Hash32(row.tx_hash),
        block_number=row.block_number,
        block_hash=Hash32(row.block_hash),
        confirmations=max(0, row.confirmations or 0),
        final=bool(row.final),
    )

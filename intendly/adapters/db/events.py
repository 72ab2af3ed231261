"""The outbox numbered into events, and events read back by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from intendly_sdk.messages import Event, EventKind
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import text

from intendly.adapters.db.engine import Database
from intendly.adapters.db.fates import FATE, FATE_DETAIL
from intendly.adapters.db.prepared import Prepared
from intendly.domain.events import Interest, Published, StreamHead


class EventStore:
    """`ports.EventStore` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, limit: int) -> list[Published] | None:
        with self._database.transaction() as connection:
            head = connection.execute(_HOLD_HEAD).first()
            if head is None:
                return None
            rows = _PUBLISH.all(connection, {"limit": limit, "last": head.last})
        return _published(head.epoch, rows)

    def head(self) -> StreamHead:
        with self._database.statement() as connection:
            row = connection.execute(_HEAD).one()
        return StreamHead(row.epoch, row.last, row.read_at)

    def since(self, number: int, limit: int) -> list[Published]:
        with self._database.statement() as connection:
            rows = connection.execute(_SINCE, {"number": number, "limit": limit}).all()
        return _published(rows[0].epoch, rows) if rows else []

    def heard_by(self, interest: Interest, after: int, upto: int, limit: int) -> list[Published]:
        given = {
            "intents": [bytes(Hash32(value)) for value in interest.intents],
            "swappers": [bytes(Address(value)) for value in interest.swappers],
            "auctions": interest.auctions,
            "solver": bytes(Address(interest.solver)) if interest.solver else None,
            "solver_text": interest.solver or "",
            "after": after,
            "upto": upto,
            "limit": limit,
        }
        with self._database.statement() as connection:
            rows = connection.execute(_HEARD_BY, given).all()
        return _published(rows[0].epoch, rows) if rows else []

    def open_auctions(self, upto: int, limit: int) -> list[Published]:
        given = {"upto": upto, "limit": limit}
        with self._database.statement() as connection:
            rows = connection.execute(_OPEN_AUCTIONS, given).all()
        return _published(rows[0].epoch, rows) if rows else []


def _published(epoch: int, rows: Iterable[Any]) -> list[Published]:
    return [_one(epoch, row) for row in rows]


def _one(epoch: int, row: Any) -> Published:
    data = dict(row.data)
    roster = tuple(data.pop("roster", ()))
    event = Event.model_construct(
        cursor=f"{epoch}-{row.number}",
        kind=row.kind,  # as it is: a newer version may tell of kinds that this one does not know
        at=row.at_ms,
        intent_hash=_hash(row.intent_hash),
        auction_id=_hash(row.auction_id),
        swapper=_address(row.swapper),
        solver=_address(row.solver),
        data=data,
    )
    return Published(
        epoch=epoch,
        number=row.number,
        kind=row.kind,
        frame=event.model_dump_json(exclude_none=True, warnings=False),
        intent_hash=_text(event.intent_hash),
        auction_id=_text(event.auction_id),
        swapper=_text(event.swapper),
        solver=_text(event.solver),
        roster=roster,
        closes_at=data.get("closes_at") if row.kind == EventKind.AUCTION_OPENED else None,
    )


def _hash(value: Any) -> Hash32 | None:
    return None if value is None else Hash32(value)


def _address(value: Any) -> Address | None:
    return None if value is None else Address(value)


def _text(value: Hash32 | Address | None) -> str | None:
    return None if value is None else str(value)


_COLUMNS = """
    number, kind, intent_hash, auction_id, swapper, solver, data, (extract(epoch FROM at) * 1000)::bigint AS at_ms
"""

# Not joined: of a table that is not analysed the planner expects many rows, and then reads the whole log to find a few.
_EPOCH = "(SELECT epoch FROM stream_head) AS epoch"

_HOLD_HEAD = text("SELECT epoch, last FROM stream_head FOR UPDATE SKIP LOCKED")
_HEAD = text("SELECT epoch, last, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS read_at FROM stream_head")

# What an auction's close tells its bidders, each of its own bid, is made here: right behind the close. So many changes
# are taken that they make as many events as asked for, or more by the bidders of one auction.
_PUBLISH = Prepared(
    f"""
    WITH next AS (
        SELECT id, CASE kind WHEN 'auction.closed' THEN 1 + coalesce((data ->> 'bids')::bigint, 0) ELSE 1 END AS events
        FROM outbox ORDER BY id LIMIT CAST(:limit AS bigint)
    ), taken AS (
        DELETE FROM outbox WHERE id = ANY(ARRAY(
            SELECT id FROM (SELECT id, sum(events) OVER (ORDER BY id) - events AS before FROM next) x
            WHERE before < CAST(:limit AS bigint)
        )) RETURNING *
    ), told AS (
        SELECT id, kind, intent_hash, auction_id, swapper, solver, data, at FROM taken
        UNION ALL
        SELECT t.id, 'bid.decided', l.intent_hash, a.id, NULL, b.solver, jsonb_build_object(
                'bid_hash', '0x' || encode(b.hash, 'hex'), 'fate', {FATE}, 'detail', {FATE_DETAIL},
                'amount_out', l.amount_out::text
            ), t.at
        FROM taken t JOIN auctions a ON a.id = t.auction_id JOIN bids b ON b.auction_id = a.id
        JOIN bid_legs l ON l.bid_hash = b.hash AND l.intent_hash = t.intent_hash
        WHERE t.kind = 'auction.closed'
    ), numbered AS (
        INSERT INTO events (number, kind, intent_hash, auction_id, swapper, solver, data, at)
        SELECT CAST(:last AS bigint) + row_number() OVER (ORDER BY id, solver NULLS FIRST),
               kind, intent_hash, auction_id, swapper, solver, data, at
        FROM told
        RETURNING *
    ), moved AS (UPDATE stream_head SET last = CAST(:last AS bigint) + (SELECT count(*) FROM told))
    SELECT {_COLUMNS} FROM numbered ORDER BY number
    """  # noqa: S608 - constants of the code
)

_SINCE = text(
    f"""
    SELECT {_EPOCH}, {_COLUMNS}
    FROM events WHERE number > :number ORDER BY number LIMIT :limit
    """  # noqa: S608 - a constant of this file
)

# What is for one solver alone reaches nobody else, whatever else they asked for. Where nobody is logged in, what is for
# solvers is false before it is planned, so that the indexes by intent and by swapper answer the rest.
_HEARD_BY = text(
    f"""
    SELECT {_EPOCH}, {_COLUMNS}
    FROM events
    WHERE number > :after AND number <= :upto
      AND (solver IS NULL OR solver = CAST(:solver AS bytea))
      AND (
        intent_hash = ANY(CAST(:intents AS bytea[])) OR swapper = ANY(CAST(:swappers AS bytea[]))
        OR (:auctions AND kind IN ('auction.opened', 'auction.closed'))
        OR solver = CAST(:solver AS bytea)
        OR (CAST(:solver AS bytea) IS NOT NULL
            AND (kind = 'auction.closed' OR (kind = 'auction.opened' AND data->'roster' ? :solver_text)))
      )
    ORDER BY number LIMIT :limit
    """  # noqa: S608 - a constant of this file
)

_OPEN_AUCTIONS = text(
    f"""
    SELECT {_EPOCH}, {_COLUMNS}
    FROM auctions a JOIN events e ON e.auction_id = a.id AND e.kind = 'auction.opened'
    WHERE a.state = 'open' AND a.closes_at > statement_timestamp()
      AND number <= :upto
    ORDER BY number DESC LIMIT :limit
    """  # noqa: S608 - a constant of this file
)

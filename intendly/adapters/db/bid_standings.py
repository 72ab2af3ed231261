"""How solvers stand in auctions: what a bid is checked against before any lock is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import AuctionState
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import Row

from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared
from intendly.domain.bid import Terms
from intendly.services.ports import Asked, Standing

_STANDINGS = Prepared("""
    SELECT a.state, a.closes_at <= clock_timestamp() AS late,
           (extract(epoch FROM a.opened_at) * 1000)::bigint AS opened_at,
           (extract(epoch FROM a.closes_at) * 1000)::bigint AS closes_at,
           r.solver IS NOT NULL AS on_roster, coalesce(s.active, false) AS active, s.signing_key,
           b.hash IS NOT NULL AS is_in, legs.hashes, legs.fees
    FROM unnest(CAST(:auction_id AS bytea[]), CAST(:solver AS bytea[]), CAST(:bid_hash AS bytea[]))
         WITH ORDINALITY AS i (auction_id, solver, bid_hash, position)
    LEFT JOIN auctions a ON a.id = i.auction_id
    LEFT JOIN auction_solvers r ON r.auction_id = i.auction_id AND r.solver = i.solver
    LEFT JOIN solvers s ON s.address = i.solver
    LEFT JOIN bids b ON b.hash = i.bid_hash
    LEFT JOIN LATERAL (
        SELECT array_agg(intent_hash ORDER BY intent_hash) AS hashes,
               array_agg(fee::text ORDER BY intent_hash) AS fees
        FROM auction_intents WHERE auction_id = i.auction_id
    ) legs ON true
    ORDER BY i.position
""")


def standings(database: Database, asked: Sequence[Asked]) -> list[Standing]:
    """One for each of `asked`, in their order, by one statement."""
    columns = {
        "auction_id": [bytes(one.auction_id) for one in asked],
        "solver": [bytes(one.solver) for one in asked],
        "bid_hash": [None if one.bid_hash is None else bytes(one.bid_hash) for one in asked],
    }
    with database.statement() as connection:
        return [_standing(row) for row in _STANDINGS.all(connection, columns)]


def _standing(row: Row[Any]) -> Standing:
    if row.state is None:
        return Standing(terms=None, is_in=False)
    hashes = [Hash32(one) for one in row.hashes or ()]
    terms = Terms(
        state=AuctionState(row.state),
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        late=row.late,
        fees={intent_hash: int(fee) for intent_hash, fee in zip(hashes, row.fees or (), strict=True)},
        on_roster=row.on_roster,
        active=row.active,
        signing_key=None if row.signing_key is None else Address(row.signing_key),
    )
    return Standing(terms=terms, is_in=row.is_in)

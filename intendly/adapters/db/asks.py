"""Which solvers are to be asked over HTTP about which open auctions, claimed before they are asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from intendly_sdk.messages import AuctionIntent, AuctionOpened
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import Row, text

from intendly.adapters.db.engine import Database
from intendly.adapters.db.intent_rows import intent_of
from intendly.domain.deployment import Deployment
from intendly.services.auction_ports import Ask

LIMIT: Final = 5_000

# Asked in vain is what was asked longer ago than an answer may take and a little: its asker died.
_CLAIM = text("""
    WITH due AS (
        SELECT r.auction_id, r.solver, s.endpoint
        FROM auctions a JOIN auction_solvers r ON r.auction_id = a.id JOIN solvers s ON s.address = r.solver
        WHERE a.state = 'open' AND a.closes_at > statement_timestamp() AND s.endpoint <> ''
          AND r.answered_at IS NULL
          AND (r.asked_at IS NULL OR r.asked_at < statement_timestamp() - :in_vain_ms * interval '1 millisecond')
        ORDER BY r.auction_id, r.solver LIMIT :limit
        FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE auction_solvers r SET asked_at = statement_timestamp()
    FROM due d WHERE r.auction_id = d.auction_id AND r.solver = d.solver
    RETURNING r.auction_id, r.solver, d.endpoint
""")

_RELEASE = text("""
    UPDATE auction_solvers r SET asked_at = NULL
    FROM unnest(CAST(:auctions AS bytea[]), CAST(:solvers AS bytea[])) AS given(auction_id, solver)
    WHERE r.auction_id = given.auction_id AND r.solver = given.solver AND r.answered_at IS NULL
""")

_AUCTIONS = text("""
    SELECT a.id, a.secret_hash, i.*, ai.fee,
           (extract(epoch FROM a.opened_at) * 1000)::bigint AS opened_at,
           (extract(epoch FROM a.closes_at) * 1000)::bigint AS closes_at,
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS server_time
    FROM auctions a JOIN auction_intents ai ON ai.auction_id = a.id JOIN intents i ON i.hash = ai.intent_hash
    WHERE a.id = ANY(CAST(:ids AS bytea[]))
    ORDER BY a.closes_at, a.id, i.hash
""")


class AskStore:
    """`AskStore` of the ports, on PostgreSQL."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment

    def claim(self, timeout_ms: int) -> list[Ask]:
        """One statement when there is nobody to ask, else two."""
        values = {"limit": LIMIT, "in_vain_ms": timeout_ms + 500}
        with self._database.transaction() as connection:
            claimed = connection.execute(_CLAIM, values).all()
            if not claimed:
                return []
            ids = list({bytes(row.auction_id) for row in claimed})
            auctions = self._auctions(list(connection.execute(_AUCTIONS, {"ids": ids})))
        wanted: dict[tuple[Address, str], set[Hash32]] = defaultdict(set)
        for row in claimed:
            wanted[Address(row.solver), row.endpoint].add(Hash32(row.auction_id))
        told: dict[frozenset[Hash32], tuple[AuctionOpened, ...]] = {}  # most are asked about the same
        for asked in map(frozenset, wanted.values()):
            if asked not in told:
                told[asked] = tuple(auction for auction in auctions if auction.auction_id in asked)
        return [Ask(solver, endpoint, told[frozenset(asked)]) for (solver, endpoint), asked in wanted.items()]

    def release(self, asks: Sequence[Ask]) -> None:
        """One statement."""
        given = sorted((bytes(auction.auction_id), bytes(ask.solver)) for ask in asks for auction in ask.auctions)
        values = {"auctions": [auction for auction, _ in given], "solvers": [solver for _, solver in given]}
        with self._database.transaction() as connection:
            connection.execute(_RELEASE, values)

    def _auctions(self, rows: list[Row[Any]]) -> list[AuctionOpened]:
        """The auctions, the next to close first."""
        intents: dict[Hash32, list[AuctionIntent]] = defaultdict(list)
        for row in rows:
            asked = AuctionIntent(
                intent_hash=Hash32(row.hash), intent=intent_of(row, self._deployment), fee=int(row.fee)
            )
            intents[Hash32(row.id)].append(asked)
        firsts = {Hash32(row.id): row for row in reversed(rows)}
        return [
            AuctionOpened(
                auction_id=auction_id,
                intents=tuple(asked),
                opened_at=firsts[auction_id].opened_at,
                closes_at=firsts[auction_id].closes_at,
                secret_hash=Hash32(firsts[auction_id].secret_hash),
                server_time=firsts[auction_id].server_time,
                ms_left=max(0, firsts[auction_id].closes_at - firsts[auction_id].server_time),
            )
            for auction_id, asked in intents.items()
        ]

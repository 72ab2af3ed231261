"""Bids while their auction is open: sealed, one live bid per solver, in or told that it is late (design: The auction).

Locks are taken in one order: the auction's row FOR SHARE, then the solver's row of its roster; auctions by key. What
pulls the close forward runs after that transaction, in one of its own: sharers that then wanted the row for themselves
would wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import text

from intendly.adapters.db.bid_standings import standings
from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared
from intendly.adapters.group import Group
from intendly.domain.bid import LONGEST_PROMISE_S, NewBid
from intendly.services.ports import Asked, NoBid, Place, Standing

_LOCK = Prepared("""
    SELECT 1
    FROM auctions a JOIN auction_solvers r ON r.auction_id = a.id
    WHERE a.state = 'open' AND (r.auction_id, r.solver) IN (
        SELECT * FROM unnest(CAST(:auction_id AS bytea[]), CAST(:solver AS bytea[]))
    )
    ORDER BY a.id, r.solver
    FOR SHARE OF a FOR NO KEY UPDATE OF r
""")

# Runs behind the lock, so that the close is compared with a clock that is read once the lock is held, and what another
# process placed for the same solver is seen. The old bid goes before the new one comes: the count makes the insert
# wait for the delete.
_PLACE = Prepared("""
    WITH input AS MATERIALIZED (
        SELECT i.*, r.answered_at IS NULL AS first
        FROM unnest(
            CAST(:hash AS bytea[]), CAST(:auction_id AS bytea[]), CAST(:solver AS bytea[]),
            CAST(:executor AS bytea[]), CAST(:valid_until AS bigint[]), CAST(:data AS bytea[]),
            CAST(:call_data_hash AS bytea[]), CAST(:gas_limit AS integer[]), CAST(:penalty AS numeric[]),
            CAST(:signature AS bytea[])
        ) AS i (
            hash, auction_id, solver, executor, valid_until, data, call_data_hash, gas_limit, penalty, signature
        )
        JOIN auctions a ON a.id = i.auction_id AND a.state = 'open'
        JOIN auction_solvers r ON r.auction_id = i.auction_id AND r.solver = i.solver
        WHERE clock_timestamp() < a.closes_at
    ), replaced AS (
        DELETE FROM bids b USING input i
        WHERE b.auction_id = i.auction_id AND b.solver = i.solver AND b.hash <> i.hash
        RETURNING b.hash
    ), placed AS (
        INSERT INTO bids (
            hash, auction_id, solver, executor, valid_until, data, call_data_hash, gas_limit, penalty, signature
        )
        SELECT i.hash, i.auction_id, i.solver, i.executor, i.valid_until, i.data, i.call_data_hash, i.gas_limit,
            i.penalty, i.signature
        FROM input i, (SELECT count(*) AS n FROM replaced) r WHERE r.n >= 0
        ON CONFLICT (hash) DO NOTHING
        RETURNING hash
    ), legs AS (
        INSERT INTO bid_legs (bid_hash, intent_hash, position, amount_out, fee)
        SELECT l.bid_hash, l.intent_hash, l.position, l.amount_out, l.fee
        FROM unnest(
            CAST(:leg_bid AS bytea[]), CAST(:leg_intent AS bytea[]), CAST(:leg_position AS integer[]),
            CAST(:leg_amount_out AS numeric[]), CAST(:leg_fee AS numeric[])
        ) AS l (bid_hash, intent_hash, position, amount_out, fee)
        JOIN placed p ON p.hash = l.bid_hash
    ), answered AS (
        UPDATE auction_solvers r SET answered_at = clock_timestamp(), answer = 'bid', refusal = NULL
        FROM input i WHERE r.auction_id = i.auction_id AND r.solver = i.solver
    )
    SELECT i.auction_id, i.solver, i.first, p.hash IS NOT NULL AS created
    FROM input i LEFT JOIN placed p ON p.hash = i.hash
""")

_NO_BIDS = text("""
    UPDATE auction_solvers r SET answered_at = clock_timestamp(), answer = unanswered.answer,
        refusal = unanswered.refusal
    FROM (
        SELECT s.auction_id, s.solver, i.answer, i.refusal
        FROM unnest(
            CAST(:auction_id AS bytea[]), CAST(:solver AS bytea[]), CAST(:answer AS text[]), CAST(:refusal AS text[])
        ) AS i (auction_id, solver, answer, refusal)
        JOIN auction_solvers s ON s.auction_id = i.auction_id AND s.solver = i.solver
        WHERE s.answered_at IS NULL
        ORDER BY s.auction_id, s.solver FOR NO KEY UPDATE OF s
    ) unanswered
    WHERE r.auction_id = unanswered.auction_id AND r.solver = unanswered.solver
""")

# Not before auction_min_ms, nor so early that a bid in it would promise for longer than the contract takes.
_PULL_CLOSE = Prepared("""
    WITH complete AS MATERIALIZED (
        SELECT a.id, a.opened_at
        FROM auctions a
        WHERE a.id = ANY(CAST(:auction_ids AS bytea[])) AND a.state = 'open'
          AND EXISTS (SELECT FROM auction_solvers r WHERE r.auction_id = a.id)
          AND NOT EXISTS (SELECT FROM auction_solvers r WHERE r.auction_id = a.id AND r.answered_at IS NULL)
        ORDER BY a.id
        FOR NO KEY UPDATE
    ), pulled AS (
        SELECT c.id, greatest(
            clock_timestamp(), c.opened_at + CAST(:auction_min_ms AS integer) * interval '1 millisecond',
            (
                SELECT to_timestamp(max(b.valid_until) - CAST(:longest_s AS integer))
                FROM bids b WHERE b.auction_id = c.id
            )
        ) AS closes_at
        FROM complete c
    )
    UPDATE auctions a SET closes_at = p.closes_at
    FROM pulled p WHERE a.id = p.id AND p.closes_at < a.closes_at
    RETURNING a.id, a.closes_at <= clock_timestamp() AS due
""")


class BidStore:
    """`auction_min_ms`: no auction closes earlier than this after its opening.

    What concurrent callers ask and place goes together. One that waits for its auction's lock holds the others up, as
    long as a close takes to claim it.
    """

    def __init__(self, database: Database, *, auction_min_ms: int) -> None:
        self._database = database
        self._auction_min_ms = auction_min_ms
        self._standings: Group[Asked, Standing] = Group(partial(standings, database))
        self._places: Group[NewBid, Place] = Group(self._place)
        self._pulls: Group[Hash32, bool] = Group(self._pull_close)

    def standings(self, asked: Sequence[Asked]) -> list[Standing]:
        """How each solver stands in each auction, in the order asked. One statement."""
        return self._standings.get(asked)

    def place(self, bids: Sequence[NewBid]) -> list[Place]:
        """What became of each, in their order. One round trip, one commit.

        Of several by one solver in one auction the last stays, as if each had replaced the one before.
        """
        return self._places.get(bids)

    def record_no_bids(self, no_bids: Sequence[NoBid]) -> None:
        """Note who does not bid, where it has not answered yet. One statement."""
        values = {
            "auction_id": [bytes(one.auction_id) for one in no_bids],
            "solver": [bytes(one.solver) for one in no_bids],
            "answer": [one.answer for one in no_bids],
            "refusal": [one.refusal for one in no_bids],
        }
        with self._database.transaction() as connection:
            connection.execute(_NO_BIDS, values)

    def pull_close(self, auction_ids: Sequence[Hash32]) -> int:
        """Close those early whose whole roster has answered; an empty roster never has. How many are due now."""
        return sum(self._pulls.get(auction_ids))

    def _place(self, bids: Sequence[NewBid]) -> list[Place]:
        last = {(bid.signed.bid.auction_id, bid.signed.bid.solver): bid for bid in bids}
        with self._database.statement() as connection:
            rows = _PLACE.all(connection, _columns(list(last.values())), after=_LOCK)
        placed = {(Hash32(row.auction_id), Address(row.solver)): row for row in rows}
        told: list[Place] = []
        seen = set[Hash32]()
        for bid in bids:
            key = (bid.signed.bid.auction_id, bid.signed.bid.solver)
            if key not in placed:
                told.append("late")
            elif bid.hash in seen or (bid.hash == last[key].hash and not placed[key].created):
                told.append("again")
            else:
                told.append("first" if placed[key].first else "next")
            seen.add(bid.hash)
        return told

    def _pull_close(self, auction_ids: Sequence[Hash32]) -> list[bool]:
        values = {
            "auction_ids": [bytes(one) for one in sorted(set(auction_ids))],
            "auction_min_ms": self._auction_min_ms,
            "longest_s": LONGEST_PROMISE_S,
        }
        with self._database.statement() as connection:
            due = {Hash32(row.id) for row in _PULL_CLOSE.all(connection, values) if row.due}
        return [one in due for one in auction_ids]


def _columns(bids: Sequence[NewBid]) -> dict[str, Any]:
    signed = [one.signed for one in bids]
    legs = [(one.hash, position, leg) for one in bids for position, leg in enumerate(one.signed.bid.legs)]
    return {
        "hash": [bytes(one.hash) for one in bids],
        "auction_id": [bytes(one.bid.auction_id) for one in signed],
        "solver": [bytes(one.bid.solver) for one in signed],
        "executor": [bytes(one.bid.executor) for one in signed],
        "valid_until": [one.bid.valid_until for one in signed],
        "data": [bytes(one.data) for one in signed],
        "call_data_hash": [bytes(one.bid.call_data_hash) for one in signed],
        "gas_limit": [one.bid.gas_limit for one in signed],
        "penalty": [one.bid.penalty for one in signed],
        "signature": [bytes(one.signature) for one in signed],
        "leg_bid": [bytes(bid_hash) for bid_hash, _, __ in legs],
        "leg_intent": [bytes(leg.intent_hash) for _, __, leg in legs],
        "leg_position": [position for _, position, __ in legs],
        "leg_amount_out": [leg.amount_out for _, __, leg in legs],
        "leg_fee": [leg.fee for _, __, leg in legs],
    }

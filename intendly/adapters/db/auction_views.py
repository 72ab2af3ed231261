"""Auctions as anyone may see them: no bid and no secret before the close, and never a bid's calldata."""

from __future__ import annotations

from typing import Any

from intendly_sdk.messages import (
    AuctionBid,
    AuctionIntent,
    AuctionState,
    AuctionView,
    Bid,
    BidFate,
    Leg,
    RosterAnswer,
)
from intendly_sdk.primitives import Address, Hash32, HexBytes
from sqlalchemy import Connection, Row, text

from intendly.adapters.db.engine import Database
from intendly.adapters.db.fates import FATE, FATE_DETAIL
from intendly.adapters.db.intent_rows import intent_of
from intendly.domain.deployment import Deployment

_AUCTION = text("""
    SELECT a.state, a.secret, a.secret_hash, a.winner,
           (extract(epoch FROM a.opened_at) * 1000)::bigint AS opened_at,
           (extract(epoch FROM a.closes_at) * 1000)::bigint AS closes_at,
           (extract(epoch FROM a.closed_at) * 1000)::bigint AS closed_at,
           r.solvers, r.answers, r.refusals
    FROM auctions a CROSS JOIN LATERAL (
        SELECT array_agg(solver ORDER BY solver) AS solvers, array_agg(answer ORDER BY solver) AS answers,
               array_agg(refusal ORDER BY solver) AS refusals
        FROM auction_solvers WHERE auction_id = a.id
    ) r
    WHERE a.id = :id
""")
_INTENTS = text("""
    SELECT i.*, ai.fee FROM auction_intents ai JOIN intents i ON i.hash = ai.intent_hash
    WHERE ai.auction_id = :id ORDER BY i.hash
""")
_BIDS = text(
    f"""
    SELECT b.hash, b.solver, b.executor, b.valid_until, b.call_data_hash, b.gas_limit, b.penalty, b.signature,
           {FATE} AS fate, {FATE_DETAIL} AS fate_detail,
           (extract(epoch FROM b.received_at) * 1000)::bigint AS received_at,
           legs.intents, legs.amounts, legs.fees
    FROM auctions a JOIN bids b ON b.auction_id = a.id CROSS JOIN LATERAL (
        SELECT array_agg(l.intent_hash ORDER BY l.position) AS intents,
               array_agg(l.amount_out::text ORDER BY l.position) AS amounts,
               array_agg(l.fee::text ORDER BY l.position) AS fees
        FROM bid_legs l WHERE l.bid_hash = b.hash
    ) legs
    WHERE a.id = :id ORDER BY b.hash
    """  # noqa: S608 - constants of the code
)


class AuctionViews:
    """Reads of at most three statements."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._deployment = deployment

    def find(self, auction_id: Hash32) -> AuctionView | None:
        """The auction; with every bid and its fate, and the secret, once it is closed."""
        values = {"id": bytes(auction_id)}
        with self._database.statement() as connection:
            # The state is read first: one that is closed stays so, with all that the next statements read.
            row = connection.execute(_AUCTION, values).one_or_none()
            if row is None:
                return None
            closed = row.state == AuctionState.CLOSED
            bids = _bids(connection, auction_id) if closed else ()
            intents = connection.execute(_INTENTS, values).all()
        return AuctionView(
            auction_id=auction_id,
            state=AuctionState(row.state),
            intents=tuple(
                AuctionIntent(intent_hash=Hash32(one.hash), intent=intent_of(one, self._deployment), fee=int(one.fee))
                for one in intents
            ),
            roster=tuple(Address(solver) for solver in row.solvers or ()),
            answers=_answers(row) if closed else (),
            opened_at=row.opened_at,
            closes_at=row.closes_at,
            closed_at=row.closed_at,
            secret_hash=Hash32(row.secret_hash),
            secret=Hash32(row.secret) if closed else None,
            winner=Hash32(row.winner) if closed and row.winner is not None else None,
            bids=bids,
        )


def _answers(row: Row[Any]) -> tuple[RosterAnswer, ...]:
    return tuple(
        RosterAnswer(solver=Address(solver), answer=answer, refusal=refusal)
        for solver, answer, refusal in zip(row.solvers or (), row.answers or (), row.refusals or (), strict=True)
    )


def _bids(connection: Connection, auction_id: Hash32) -> tuple[AuctionBid, ...]:
    rows = connection.execute(_BIDS, {"id": bytes(auction_id)})
    return tuple(
        AuctionBid(
            bid_hash=Hash32(row.hash),
            bid=_bid(row, auction_id),
            signature=HexBytes(row.signature),
            received_at=row.received_at,
            fate=BidFate(row.fate),
            fate_detail=row.fate_detail,
        )
        for row in rows
    )


def _bid(row: Row[Any], auction_id: Hash32) -> Bid:
    return Bid(
        legs=tuple(
            Leg(intent_hash=Hash32(intent), amount_out=int(amount), fee=int(fee))
            for intent, amount, fee in zip(row.intents, row.amounts, row.fees, strict=True)
        ),
        auction_id=auction_id,
        solver=Address(row.solver),
        executor=Address(row.executor),
        valid_until=row.valid_until,
        call_data_hash=Hash32(row.call_data_hash),
        gas_limit=row.gas_limit,
        penalty=int(row.penalty),
    )

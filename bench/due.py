"""Auctions that are due to be closed, with their bids, as the API and the opening would have written them."""

from __future__ import annotations

import time
from typing import Final

from psycopg2.extras import execute_values

from bench import trade
from bench.ground import DEPLOYMENT
from intendly.adapters.db.engine import Database
from intendly.adapters.db.intents import IntentStore
from intendly.domain.intent import NewIntent
from intendly.domain.reasons import Reason
from intendly.settings import Settings

_OPEN_S: Final = 600
_AMOUNT_OUT: Final = 3_010 * 10**6
_CHUNK: Final = 500
_TABLES: Final = "intents, auctions, auction_intents, auction_solvers, bids, bid_legs, awards"


def stage(settings: Settings, database: Database, auctions: int, bids: int) -> None:
    """As many auctions of as many bids each, due now; the newest indexed block is of the moment of their close."""
    signed = [trade.signed_intent(deadline=int(time.time()) + _OPEN_S) for _ in range(auctions)]
    new = [NewIntent(one.intent.hash, one, Reason.ACCEPTED, due_in_s=_OPEN_S) for one in signed]
    store = IntentStore(database, open_max=1)
    for start in range(0, auctions, _CHUNK):
        store.accept_many(new[start : start + _CHUNK])
    opened = trade.open_auctions(settings, [one.hash for one in new], solvers=bids, closes_in_s=0)
    placed = [(one.bid.hash(DEPLOYMENT.domain), one) for one in opened.bids(_AMOUNT_OUT, apart=10**6)]
    with trade.connected(settings) as at:
        execute_values(
            at,
            "INSERT INTO bids (hash, auction_id, solver, executor, valid_until, data, call_data_hash, gas_limit,"
            " penalty, signature) VALUES %s",
            [
                (
                    bytes(name),
                    bytes(one.bid.auction_id),
                    bytes(one.bid.solver),
                    bytes(one.bid.executor),
                    one.bid.valid_until,
                    bytes(one.data),
                    bytes(one.bid.call_data_hash),
                    one.bid.gas_limit,
                    one.bid.penalty,
                    bytes(one.signature),
                )
                for name, one in placed
            ],
            page_size=_CHUNK,
        )
        execute_values(
            at,
            "INSERT INTO bid_legs (bid_hash, intent_hash, position, amount_out, fee) VALUES %s",
            [
                (bytes(name), bytes(leg.intent_hash), place, leg.amount_out, leg.fee)
                for name, one in placed
                for place, leg in enumerate(one.bid.legs)
            ],
            page_size=_CHUNK,
        )
        at.execute("UPDATE chain_cursor SET block_time = %s", (opened.closes_at,))


def analyse(settings: Settings) -> None:
    """What a planner knows of the tables; statements that were planned before are planned anew."""
    with trade.connected(settings) as at:
        at.execute(f"ANALYZE {_TABLES}")

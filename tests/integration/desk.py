"""Rows of intents on their way through the pipeline, as a test needs them, and ways to read what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32
from sqlalchemy import insert, select, text

from intendly.adapters.db import tables
from intendly.adapters.db.engine import Database
from intendly.domain.chain import BundleFailed, Filled, Place

SWAPPER = Address(b"\x5a" * 20)
SOLVER = Address(b"\x50" * 20)
LANE = Address(b"\x1a" * 20)
TOKEN_IN, TOKEN_OUT = Address(b"\x71" * 20), Address(b"\x72" * 20)


def digest(*words: object) -> Hash32:
    return Hash32(keccak(repr(words).encode()))


class Nudged:
    """Remembers what was nudged."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.work = 0

    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        self.tasks.append(task)
        self.work += work


@dataclass(frozen=True)
class Row:
    """An intent with a bid, an award and a settlement under way."""

    intent: Hash32
    bid: Hash32
    auction: Hash32
    nonce: int

    def filled(self, amount_out: int = 1_000) -> Filled:
        return Filled(NOWHERE, self.intent, self.bid, SWAPPER, SOLVER, amount_out, 7)

    def failed(self, fault: str) -> BundleFailed:
        return BundleFailed(NOWHERE, self.bid, SOLVER, fault, "callback", Hash32(b"Words".ljust(32, b"\0")))


NOWHERE = Place(0, ZERO_HASH, ZERO_HASH, 0)


class Desk:
    """The database of one test, with ways to write and read its rows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._next = 0

    def awarded(
        self, *, exclusive_until: int = 5_000, deadline: int = 10_000, signed: bool = True, nonce: int | None = None
    ) -> Row:
        """Write an intent whose auction has a winner that nothing was sent for yet."""
        self._next += 1
        n = self._next
        row = Row(digest("intent", n), digest("bid", n), digest("auction", n), n if nonce is None else nonce)
        with self.database.transaction() as connection:
            connection.execute(insert(tables.intents).values(_intent(row, deadline)))
            connection.execute(
                text(
                    "INSERT INTO auctions (id, state, opened_at, closes_at, closed_at, secret, secret_hash, winner)"
                    " VALUES (:id, 'closed', now(), now(), now(), :id, :id, :bid)"
                ),
                {"id": bytes(row.auction), "bid": bytes(row.bid)},
            )
            connection.execute(
                insert(tables.auction_intents).values(auction_id=row.auction, intent_hash=row.intent, fee=7)
            )
            connection.execute(insert(tables.bids).values(_bid(row)))
            connection.execute(
                insert(tables.bid_legs).values(
                    bid_hash=row.bid, intent_hash=row.intent, position=0, amount_out=1_000, fee=7
                )
            )
            connection.execute(
                insert(tables.awards).values(
                    bid_hash=row.bid,
                    auction_id=row.auction,
                    transcript_root=ZERO_HASH,
                    exclusive_until=exclusive_until,
                    signature=bytes(65) if signed else None,
                    state="due",
                )
            )
        return row

    def submitted(self, *, exclusive_until: int = 5_000, deadline: int = 10_000) -> Row:
        """Write an intent whose winning fill is on its way."""
        row = self.awarded(exclusive_until=exclusive_until, deadline=deadline)
        with self.database.transaction() as connection:
            connection.execute(text("UPDATE awards SET state = 'submitted' WHERE bid_hash = :x"), {"x": bytes(row.bid)})
            connection.execute(
                text("UPDATE intents SET state = 'submitted', reason = 'submitted' WHERE hash = :x"),
                {"x": bytes(row.intent)},
            )
            connection.execute(
                text("INSERT INTO lanes (address, next_nonce) VALUES (:lane, 0) ON CONFLICT DO NOTHING"),
                {"lane": bytes(LANE)},
            )
            settlement = connection.execute(
                text(
                    "INSERT INTO settlements (lane, nonce, state, calldata, gas_limit)"
                    " VALUES (:lane, :nonce, 'broadcast', '', 1) RETURNING id"
                ),
                {"lane": bytes(LANE), "nonce": row.nonce},
            ).scalar_one()
            connection.execute(
                insert(tables.settlement_legs).values(
                    settlement_id=settlement, intent_hash=row.intent, bid_hash=row.bid, swapper=SWAPPER, nonce=row.nonce
                )
            )
        return row

    def intent(self, row: Row) -> tuple[str, str]:
        """(state, reason)."""
        with self.database.transaction() as connection:
            found = connection.execute(
                select(tables.intents.c.state, tables.intents.c.reason).where(tables.intents.c.hash == row.intent)
            ).one()
        return found.state, found.reason

    def award(self, row: Row) -> str:
        return str(self.value("SELECT state FROM awards WHERE bid_hash = :x", row.bid))

    def is_live(self, row: Row) -> bool:
        return bool(self.value("SELECT bool_or(live) FROM settlement_legs WHERE intent_hash = :x", row.intent))

    def value(self, sql: str, x: bytes | None = None) -> object:
        with self.database.transaction() as connection:
            return connection.execute(text(sql), {} if x is None else {"x": bytes(x)}).scalar()

    def execute(self, sql: str) -> None:
        with self.database.transaction() as connection:
            connection.exec_driver_sql(sql)

    def changes(self, row: Row) -> list[tuple[str, bool]]:
        """(kind, whether it is for a solver alone) in the outbox's order."""
        with self.database.transaction() as connection:
            found = connection.execute(
                text("SELECT kind, solver IS NOT NULL FROM outbox WHERE intent_hash = :x ORDER BY id"),
                {"x": bytes(row.intent)},
            ).all()
        return [(kind, private) for kind, private in found]


def _intent(row: Row, deadline: int) -> dict[str, object]:
    return {
        "hash": row.intent,
        "swapper": SWAPPER,
        "nonce": row.nonce,
        "token_in": TOKEN_IN,
        "amount_in": 10**18,
        "token_out": TOKEN_OUT,
        "min_amount_out": 900,
        "receiver": SWAPPER,
        "deadline": deadline,
        "valid_from": 0,
        "open_after": deadline,
        "partner": Address(bytes(20)),
        "partner_fee_bps": 0,
        "app_data": ZERO_HASH,
        "signature": bytes(65),
        "state": "awarded",
        "reason": "awarded",
        "next_due_at": None,
    }


def _bid(row: Row) -> dict[str, object]:
    return {
        "hash": row.bid,
        "auction_id": row.auction,
        "solver": SOLVER,
        "executor": SOLVER,
        "valid_until": 5_000,
        "data": b"\xca\xfe",
        "call_data_hash": ZERO_HASH,
        "gas_limit": 300_000,
        "penalty": 0,
        "signature": bytes(65),
        "fate": "won",
    }

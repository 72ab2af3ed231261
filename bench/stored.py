"""A venue with a past: as many stored intents as asked for and all that became of them, written within seconds.

Each intent had an auction with two solvers on its roster. Every second one was filled, ten to a settlement, after a bid
of each solver; the others expired without a bid, but for one in a thousand, which waits for its next auction. Where a
venue has digests, this has numbers that are spread as evenly.
"""

# ruff: noqa: S608 - all of it is of constants of this file
from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Final, NamedTuple

import psycopg2
from intendly_sdk.primitives import Address
from psycopg2.extensions import cursor

from bench import trade
from intendly.settings import Settings

LAST_BLOCK: Final = 2_000_000
LANE: Final = Address(b"\x1a" * 20)
_SOLVERS: Final = (b"\x51" * 20, b"\x52" * 20)
_BLOCKS_KEPT: Final = 512
_A_SETTLEMENT: Final = 20
"""Of so many intents every second one is in the same settlement."""


def _digest(kind: int, of: str) -> str:
    """SQL for 32 bytes that stand for the `of`-th of a kind."""
    return f"int8send(hashint8extended({of}, {kind})) || '\\x{f'{kind:02x}' * 24}'::bytea"


_WETH, _USDC, _NOBODY = (f"'\\x{byte * 20}'::bytea" for byte in ("01", "02", "00"))
_INTENT, _AUCTION, _TX = (_digest(kind, "n") for kind in (1, 2, 3))
_NOW = "extract(epoch FROM statement_timestamp())::bigint"
_BLOCK_NUMBER = f"{LAST_BLOCK} - ({{count}} - n) / {_A_SETTLEMENT}"
_BLOCK = _digest(4, f"({_BLOCK_NUMBER})::bigint")
_BID, _WINNER = _digest(5, "n * 2 + solver"), _digest(5, "n * 2")
_SETTLEMENT = f"n / {_A_SETTLEMENT} + 1"
_SWAPPER = f"int8send(hashint8extended(n % greatest({{count}} / 20, 1), 6)) || '\\x{'06' * 12}'::bytea"
_SIGNATURE, _CALLDATA, _BYTES = (f"'\\x{byte * size}'::bytea" for byte, size in (("5a", 65), ("ca", 100), ("cb", 500)))
_FIRST, _SECOND = (f"'\\x{one.hex()}'::bytea" for one in _SOLVERS)
_SOLVER = f"CASE solver WHEN 0 THEN {_FIRST} ELSE {_SECOND} END"
_AT = "statement_timestamp() - make_interval(secs => 60 + {count} - n)"

_ALL: Final = "generate_series(1, {count}) n"
_FILLED: Final = "generate_series(2, {count}, 2) n"
_EACH_SOLVER: Final = "CROSS JOIN generate_series(0, 1) solver"
_SETTLEMENTS: Final = f"generate_series(1, {{count}} / {_A_SETTLEMENT} + 1) n"

ROWS: Final = {
    "intents": f"""
        INSERT INTO intents (
            hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline, valid_from,
            open_after, partner, partner_fee_bps, app_data, signature, state, version, reason, next_due_at,
            auctions_held, created_at, updated_at
        )
        SELECT {_INTENT}, {_SWAPPER}, n, {_WETH}, 1000000000000000000, {_USDC}, 3000000000, {_USDC},
            {_NOW} + CASE n % 1000 WHEN 1 THEN 86400 ELSE n - {{count}} END, 0, 0, {_NOBODY}, 0,
            {_digest(7, "0")}, {_SIGNATURE},
            CASE WHEN n % 2 = 0 THEN 'settled' WHEN n % 1000 = 1 THEN 'open' ELSE 'expired' END, 5,
            CASE WHEN n % 2 = 0 THEN 'final' WHEN n % 1000 = 1 THEN 'no_bids' ELSE 'deadline_passed' END,
            CASE n % 1000 WHEN 1 THEN statement_timestamp() + interval '1 day' END, 1, {_AT}, {_AT}
        FROM {_ALL}
    """,
    "auction_solvers": f"""
        INSERT INTO auction_solvers (auction_id, solver, asked_at, answered_at, answer)
        SELECT {_AUCTION}, {_SOLVER}, {_AT}, {_AT}, CASE n % 2 WHEN 0 THEN 'bid' ELSE 'declined' END
        FROM {_ALL} {_EACH_SOLVER}
    """,
    "bids": f"""
        INSERT INTO bids (
            hash, auction_id, solver, executor, valid_until, data, call_data_hash, gas_limit, penalty, signature,
            received_at, fate
        )
        SELECT {_BID}, {_AUCTION}, {_SOLVER}, {_SOLVER}, n, {_CALLDATA}, {_digest(8, "0")}, 300000, 0, {_SIGNATURE},
            {_AT}, CASE solver WHEN 0 THEN 'won' ELSE 'lost' END
        FROM {_FILLED} {_EACH_SOLVER}
    """,
    "events": f"""
        INSERT INTO events (number, kind, intent_hash, auction_id, swapper, data, at)
        SELECT n, 'intent.settled', {_INTENT}, {_AUCTION}, {_SWAPPER}, '{{{{"reason": "settled"}}}}', {_AT}
        FROM {_ALL}
    """,
    "auctions": f"""
        INSERT INTO auctions (id, state, opened_at, closes_at, closed_at, secret, secret_hash, winner)
        SELECT {_AUCTION}, 'closed', {_AT}, {_AT}, {_AT}, {_AUCTION}, {_AUCTION}, CASE n % 2 WHEN 0 THEN {_WINNER} END
        FROM {_ALL}
    """,
    "auction_intents": f"""
        INSERT INTO auction_intents (auction_id, intent_hash, fee) SELECT {_AUCTION}, {_INTENT}, 50000 FROM {_ALL}
    """,
    "bid_legs": f"""
        INSERT INTO bid_legs (bid_hash, intent_hash, position, amount_out, fee)
        SELECT {_BID}, {_INTENT}, 0, 3010000000, 50000 FROM {_FILLED} {_EACH_SOLVER}
    """,
    "fills": f"""
        INSERT INTO fills (
            block_hash, log_index, block_number, tx_hash, intent_hash, bid_hash, swapper, solver, amount_out, fee
        )
        SELECT {_BLOCK}, n % 1000, {_BLOCK_NUMBER}, {_TX}, {_INTENT}, {_WINNER}, {_SWAPPER}, {_FIRST}, 3010000000, 50000
        FROM {_FILLED}
    """,
    "awards": f"""
        INSERT INTO awards (bid_hash, auction_id, transcript_root, exclusive_until, signature, state, created_at)
        SELECT {_WINNER}, {_AUCTION}, {_AUCTION}, n, {_SIGNATURE}, 'filled', {_AT} FROM {_FILLED}
    """,
    "settlement_legs": f"""
        INSERT INTO settlement_legs (settlement_id, intent_hash, bid_hash, swapper, nonce, live)
        SELECT {_SETTLEMENT}, {_INTENT}, {_WINNER}, {_SWAPPER}, n, false FROM {_FILLED}
    """,
    "spent_nonces": f"INSERT INTO spent_nonces (swapper, nonce) SELECT {_SWAPPER}, n FROM {_FILLED}",
    "settlements": f"""
        INSERT INTO settlements (id, lane, nonce, state, calldata, gas_limit, block_number, block_hash, next_due_at)
        SELECT n, '\\x{LANE.hex()}', n, 'final', {_BYTES}, 3000000, n, {_TX}, NULL FROM {_SETTLEMENTS}
    """,
    "attempts": f"""
        INSERT INTO attempts (settlement_id, n, tx_hash, raw, max_fee_per_gas, max_priority_fee_per_gas)
        SELECT n, 1, {_TX}, {_BYTES}, 1000000000, 1000000000 FROM {_SETTLEMENTS}
    """,
    "blocks": f"""
        INSERT INTO blocks (number, hash, parent_hash, timestamp)
        SELECT n, {_TX}, {_TX}, n FROM generate_series({LAST_BLOCK - _BLOCKS_KEPT}, {LAST_BLOCK}) n
    """,
}
"""What fills each table, about in the order of how long it takes; {count} is the number of intents."""

_PARTS: Final = """
    SELECT r.relname, c.contype = 'f' AS refers, format('ALTER TABLE %I DROP CONSTRAINT %I', r.relname, c.conname),
        format('ALTER TABLE %I ADD CONSTRAINT %I %s', r.relname, c.conname, pg_get_constraintdef(c.oid))
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.conparentid = 0 AND c.contype IN ('f', 'p', 'u')
    UNION ALL
    SELECT r.relname, false, format('DROP INDEX %I', i.relname), replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ')
    FROM pg_index x JOIN pg_class r ON r.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE r.relnamespace = 'public'::regnamespace AND NOT i.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid)
    ORDER BY refers DESC
"""
_UNLOG: Final = """
    SELECT format('ALTER TABLE %I SET UNLOGGED', relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
_PLACE: Final = """
    UPDATE chain_cursor SET block_number = %(last)s, final_number = %(last)s - 64,
        block_time = extract(epoch FROM statement_timestamp())::bigint;
    UPDATE stream_head SET last = %(count)s;
    SELECT setval('settlements_id_seq', max(id)) FROM settlements;
    ANALYZE chain_cursor;
"""


_END_OTHERS: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class _Part(NamedTuple):
    """A foreign key, another constraint or an index of a table."""

    table: str
    refers: bool
    drop: str
    make: str


def fill(settings: Settings, count: int, *, logged: bool = True) -> None:
    """Write the past of `count` intents into an empty database with the newest schema, whose owner this is.

    Indexes are built when the rows are there. Foreign keys hold for new rows only. Without `logged` a crash of the
    server would lose the tables, and it takes half as long.
    """
    with _connected(settings) as at:
        at.execute(_PARTS)
        parts = [_Part(*row) for row in at.fetchall()]
        for part in parts:
            if part.refers or part.table in ROWS:
                at.execute(part.drop)
        if not logged:
            at.execute(_UNLOG)
            for (statement,) in at.fetchall():
                at.execute(statement)
    trade.seed(settings)
    with ThreadPoolExecutor(2) as threads:
        own = {table: [part.make for part in parts if part.table == table and not part.refers] for table in ROWS}
        filling = [threads.submit(_fill, settings, table, count, own[table]) for table in ROWS]
        try:
            for each in filling:
                each.result()
        except BaseException:  # an interrupt too: a statement under way is not waited for
            threads.shutdown(wait=False, cancel_futures=True)
            with suppress(psycopg2.OperationalError), _connected(settings) as at:  # the server may be gone too
                at.execute(_END_OTHERS)
            raise
    with _connected(settings) as at:
        for part in parts:
            if part.refers:
                at.execute(f"{part.make} NOT VALID")
        at.execute("INSERT INTO lanes (address, next_nonce) VALUES (%s, %s)", (bytes(LANE), count))
        at.execute(_PLACE, {"last": LAST_BLOCK, "count": count})


def _fill(settings: Settings, table: str, count: int, parts: Sequence[str]) -> None:
    with _connected(settings) as at:
        for statement in (ROWS[table].format(count=count), *parts, f"VACUUM (ANALYZE) {table}"):
            at.execute(statement)


@contextmanager
def _connected(settings: Settings) -> Iterator[cursor]:
    """Each statement is committed by itself."""
    url = settings.database_url.get_secret_value()
    with closing(psycopg2.connect(url, options="-c maintenance_work_mem=256MB")) as connection:
        connection.autocommit = True
        with connection.cursor() as at:
            yield at

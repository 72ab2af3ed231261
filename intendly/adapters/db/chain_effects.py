"""What the logs of new blocks do to our rows, set-based: the number of statements does not grow with the logs.

Each function takes the connection of the index's transaction and returns the changes for the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32, HexBytes
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from intendly.adapters.db.tables import failures, fills
from intendly.domain.chain import BundleFailed, Filled, Place, reason_of, wait_after
from intendly.domain.events import Change
from intendly.domain.reasons import Reason, words


def apply_fills(connection: Connection, filled: Sequence[Filled]) -> list[Change]:
    """An intent with a fill is settled, whatever we thought of it; its settlement leg, award and nonce are done."""
    if not filled:
        return []
    rows = [
        {
            **_place(fill.place),
            "intent_hash": fill.intent_hash,
            "bid_hash": fill.bid_hash,
            "swapper": fill.swapper,
            "solver": fill.solver,
            "amount_out": fill.amount_out,
            "fee": fill.fee,
        }
        for fill in filled
    ]
    _insert_canonical(connection, fills, rows)
    _lock_intents(connection, [fill.intent_hash for fill in filled])
    moved = connection.execute(_SETTLE, {"hashes": _block_hashes(filled)}).all()
    return [change for row in moved for change in _told_its_solver_too(EventKind.INTENT_SETTLED, row, _told_of(row))]


def _told_of(row: Any) -> dict[str, Any]:
    return {
        "reason": Reason.SETTLED.value,
        "detail": words(Reason.SETTLED, {}),
        "bid_hash": _hex(row.bid_hash),
        "solver": _hex(row.solver),
        "amount_out": str(row.amount_out),
        "fee": str(row.fee),
        "tx_hash": _hex(row.tx_hash),
        "block_number": row.block_number,
        "block_hash": _hex(row.block_hash),
        "block_time": row.block_time,
    }


def apply_failures(connection: Connection, failed: Sequence[BundleFailed], block_time: int) -> list[Change]:
    """A bundle that failed puts its intents back to open; by the solver's fault, with that solver left out.

    One that was not tried is due again while its award lasts beyond `block_time`.
    """
    if not failed:
        return []
    rows = [
        {
            **_place(failure.place),
            "bid_hash": failure.bid_hash,
            "solver": failure.solver,
            "fault": failure.fault,
            "step": failure.step,
            "reason": failure.reason,
        }
        for failure in failed
    ]
    _insert_canonical(connection, failures, rows)
    hashes = _block_hashes(failed)
    connection.execute(_LOCK_FAILED, {"hashes": hashes})
    connection.execute(_TRY_AGAIN, {"hashes": hashes, "block_time": block_time})
    reasons = {fault: reason_of(fault) for fault in {failure.fault for failure in failed}}
    moved = connection.execute(
        _REOPEN,
        {
            "hashes": hashes,
            "faults": list(reasons),
            "reasons": [reason.value for reason in reasons.values()],
            "waits": [wait_after(reason) for reason in reasons.values()],
        },
    ).all()
    return [change for row in moved for change in _failure_changes(row)]


def _failure_changes(row: Any) -> list[Change]:
    reason = Reason(row.intent_reason)
    told: dict[str, Any] = {
        "reason": reason.value,
        "detail": words(reason, {"step": row.step}),
        "bid_hash": _hex(row.bid_hash),
        "solver": _hex(row.solver),
        "fault": row.fault,
        "step": row.step,
        "tx_hash": _hex(row.tx_hash),
        "block_number": row.block_number,
    }
    intent, auction, swapper = Hash32(row.intent_hash), Hash32(row.auction_id), Address(row.swapper)
    private = {**told, "code": _hex(row.reason), "call_data": _hex(row.data)}
    return [
        Change(EventKind.FILL_FAILED, intent, auction, swapper, data=told),
        Change(EventKind.FILL_FAILED, intent, auction, swapper, Address(row.solver), private),
        Change(EventKind.INTENT_REOPENED, intent, auction, swapper, data=told),
    ]


def finalize(connection: Connection, before: int, final: int) -> list[Change]:
    """Fills in blocks after `before` up to `final` will not be taken back."""
    moved = connection.execute(_FINALIZE, {"before": before, "final": final}).all()
    return [
        Change(
            EventKind.INTENT_FINAL,
            intent_hash=Hash32(row.hash),
            swapper=Address(row.swapper),
            data={"reason": Reason.FINAL.value, "detail": words(Reason.FINAL, {}), "block_number": row.block_number},
        )
        for row in moved
    ]


def take_back(connection: Connection, to: int) -> list[Change]:
    """The fills after block `to` are no more: their intents wait for the same transaction, or are open again."""
    connection.execute(_LOCK_TAKEN_BACK, {"to": to})
    moved = connection.execute(_TAKE_BACK, {"to": to}).all()
    connection.execute(text("UPDATE failures SET canonical = false WHERE canonical AND block_number > :to"), {"to": to})
    told = {"reason": Reason.REORGED.value, "detail": words(Reason.REORGED, {})}
    return [
        change
        for row in moved
        for change in _told_its_solver_too(EventKind.INTENT_REOPENED, row, {**told, "state": row.state})
    ]


def _told_its_solver_too(kind: EventKind, row: Any, told: dict[str, Any]) -> list[Change]:
    """To everyone, and to the solver whose bid it was, who hears by its log-in; an open fill was nobody's bid."""
    intent, swapper = Hash32(row.intent_hash), Address(row.swapper)
    changes = [Change(kind, intent, swapper=swapper, data=told)]
    if row.auction_id is not None:
        private = {**told, "bid_hash": _hex(row.bid_hash), "solver": _hex(row.solver)}
        changes.append(Change(kind, intent, Hash32(row.auction_id), swapper, Address(row.solver), private))
    return changes


def _insert_canonical(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """A block that comes back after a fork brings back its rows."""
    statement = insert(table).on_conflict_do_update(
        index_elements=[table.c.block_hash, table.c.log_index], set_={"canonical": True}
    )
    connection.execute(statement, rows)


def _lock_intents(connection: Connection, hashes: Sequence[Hash32]) -> None:
    connection.execute(
        text("SELECT 1 FROM intents WHERE hash = ANY(:hashes) ORDER BY hash FOR UPDATE"),
        {"hashes": [bytes(value) for value in hashes]},
    )


def _place(place: Place) -> dict[str, Any]:
    return {
        "block_hash": place.block_hash,
        "log_index": place.log_index,
        "block_number": place.block_number,
        "tx_hash": place.tx_hash,
    }


def _block_hashes(logs: Sequence[Filled | BundleFailed]) -> list[bytes]:
    return list({bytes(log.place.block_hash) for log in logs})


def _hex(value: Any) -> str:
    return str(HexBytes(value))


_SETTLE = text(
    """
    WITH f AS (SELECT * FROM fills WHERE block_hash = ANY(:hashes) AND canonical),
    moved AS (
        UPDATE intents i
        SET state = 'settled', version = version + 1, reason = 'settled', reason_facts = '{}',
            next_due_at = NULL, updated_at = statement_timestamp()
        FROM f WHERE i.hash = f.intent_hash AND i.state <> 'settled'
        RETURNING i.hash, i.swapper, i.nonce
    ),
    spent AS (
        INSERT INTO spent_nonces (swapper, nonce) SELECT swapper, nonce FROM moved ON CONFLICT DO NOTHING
    ),
    won AS (UPDATE awards a SET state = 'filled' FROM f WHERE a.bid_hash = f.bid_hash),
    overtaken AS (
        UPDATE awards a SET state = 'lapsed'
        FROM f JOIN auction_intents ai ON ai.intent_hash = f.intent_hash JOIN auctions au ON au.id = ai.auction_id
        WHERE a.bid_hash = au.winner AND a.bid_hash <> f.bid_hash AND a.state = 'due'
    ),
    legs AS (UPDATE settlement_legs l SET live = false FROM f WHERE l.intent_hash = f.intent_hash AND l.live)
    SELECT f.*, a.auction_id, b.timestamp AS block_time
    FROM moved m JOIN f ON f.intent_hash = m.hash
    LEFT JOIN awards a ON a.bid_hash = f.bid_hash
    LEFT JOIN blocks b ON b.hash = f.block_hash
    ORDER BY f.block_number, f.log_index
    """
)

_FAILED = """
    SELECT fa.*, a.auction_id, a.exclusive_until
    FROM failures fa JOIN awards a ON a.bid_hash = fa.bid_hash
    WHERE fa.block_hash = ANY(:hashes) AND fa.canonical AND a.state IN ('due', 'submitted')
"""

_LOCK_FAILED = text(
    f"""
    SELECT 1 FROM intents WHERE hash IN (
        SELECT leg.intent_hash FROM ({_FAILED}) x JOIN bid_legs leg ON leg.bid_hash = x.bid_hash
    ) ORDER BY hash FOR UPDATE
    """  # noqa: S608 - a constant of this file
)

_TRY_AGAIN = text(
    f"""
    WITH x AS ({_FAILED} AND fa.fault = 'not_tried' AND a.exclusive_until > :block_time + 1),
    due AS (UPDATE awards a SET state = 'due' FROM x WHERE a.bid_hash = x.bid_hash),
    legs AS (UPDATE settlement_legs l SET live = false FROM x WHERE l.bid_hash = x.bid_hash AND l.live),
    done AS (
        UPDATE failures f SET canonical = false
        FROM x WHERE f.block_hash = x.block_hash AND f.log_index = x.log_index
    )
    UPDATE intents i
    SET state = 'awarded', version = version + 1, reason = 'awarded', updated_at = statement_timestamp()
    FROM x JOIN bid_legs leg ON leg.bid_hash = x.bid_hash
    WHERE i.hash = leg.intent_hash AND i.state = 'submitted'
    """  # noqa: S608 - a constant of this file
)

_REOPEN = text(
    f"""
    WITH x AS (
        SELECT f.*, r.intent_reason, r.wait_s
        FROM ({_FAILED}) f
        JOIN unnest(CAST(:faults AS text[]), CAST(:reasons AS text[]), CAST(:waits AS int[]))
            AS r (fault, intent_reason, wait_s) ON r.fault = f.fault
    ),
    awarded AS (
        UPDATE awards a SET state = CASE WHEN x.fault = 'not_tried' THEN 'lapsed' ELSE 'failed' END
        FROM x WHERE a.bid_hash = x.bid_hash
    ),
    legs AS (UPDATE settlement_legs l SET live = false FROM x WHERE l.bid_hash = x.bid_hash AND l.live),
    moved AS (
        UPDATE intents i
        SET state = 'open', version = version + 1, reason = x.intent_reason,
            reason_facts = jsonb_build_object('step', x.step), updated_at = statement_timestamp(),
            next_due_at = statement_timestamp() + make_interval(secs => x.wait_s)
        FROM x JOIN bid_legs leg ON leg.bid_hash = x.bid_hash
        WHERE i.hash = leg.intent_hash AND i.state IN ('awarded', 'submitted')
        RETURNING i.hash, i.swapper, x.bid_hash
    ),
    out_of_it AS (
        INSERT INTO left_out (intent_hash, solver, bid_hash)
        SELECT m.hash, x.solver, x.bid_hash FROM moved m JOIN x ON x.bid_hash = m.bid_hash WHERE x.fault = 'solver'
        ON CONFLICT DO NOTHING
    )
    SELECT m.hash AS intent_hash, m.swapper, x.*, b.data
    FROM moved m JOIN x ON x.bid_hash = m.bid_hash JOIN bids b ON b.hash = x.bid_hash
    ORDER BY x.block_number, x.log_index
    """  # noqa: S608 - a constant of this file
)

_FINALIZE = text(
    """
    WITH f AS (SELECT * FROM fills WHERE canonical AND block_number > :before AND block_number <= :final)
    UPDATE intents i SET reason = 'final', version = version + 1, updated_at = statement_timestamp()
    FROM f WHERE i.hash = f.intent_hash AND i.state = 'settled' AND i.reason <> 'final'
    RETURNING i.hash, i.swapper, f.block_number
    """
)

_LOCK_TAKEN_BACK = text(
    """
    SELECT 1 FROM intents WHERE hash IN (
        SELECT intent_hash FROM fills WHERE canonical AND block_number > :to
    ) ORDER BY hash FOR UPDATE
    """
)

# With a settlement of ours behind the fill the intent waits for it as `submitted`: the same bytes are sent again, and
# only their final failure opens the intent (one live settlement at a time). An open fill leaves it open at once, and so
# does another intent with the same nonce that was awarded meanwhile: which of the two is filled is the chain's choice.
_TAKE_BACK = text(
    """
    WITH gone AS (
        UPDATE fills SET canonical = false WHERE canonical AND block_number > :to
        RETURNING intent_hash, bid_hash, solver
    ),
    sent AS (
        SELECT l.intent_hash, l.bid_hash, max(l.settlement_id) AS settlement_id
        FROM gone g JOIN settlement_legs l ON l.intent_hash = g.intent_hash AND l.bid_hash = g.bid_hash
        GROUP BY l.intent_hash, l.bid_hash
    ),
    again AS (
        UPDATE settlements s SET state = 'broadcast', next_due_at = statement_timestamp(), block_number = NULL,
            block_hash = NULL
        FROM sent WHERE s.id = sent.settlement_id
    ),
    ours AS (
        UPDATE settlement_legs l SET live = true
        FROM sent JOIN intents i ON i.hash = sent.intent_hash
        WHERE l.settlement_id = sent.settlement_id AND l.intent_hash = sent.intent_hash
          AND NOT EXISTS (
              SELECT FROM intents o
              WHERE o.swapper = i.swapper AND o.nonce = i.nonce AND o.state IN ('awarded', 'submitted')
          )
        RETURNING l.intent_hash, l.bid_hash
    ),
    awarded AS (
        UPDATE awards a SET state = CASE WHEN o.bid_hash IS NULL THEN 'lapsed' ELSE 'submitted' END
        FROM gone g LEFT JOIN ours o ON o.bid_hash = g.bid_hash WHERE a.bid_hash = g.bid_hash
    ),
    spent AS (
        DELETE FROM spent_nonces s USING intents i, gone g
        WHERE i.hash = g.intent_hash AND s.swapper = i.swapper AND s.nonce = i.nonce
    )
    UPDATE intents i
    SET state = CASE WHEN o.intent_hash IS NULL THEN 'open' ELSE 'submitted' END,
        next_due_at = CASE WHEN o.intent_hash IS NULL THEN statement_timestamp() END,
        reason = 'reorged', reason_facts = '{}', version = version + 1, updated_at = statement_timestamp()
    FROM gone g LEFT JOIN ours o ON o.intent_hash = g.intent_hash LEFT JOIN awards a ON a.bid_hash = g.bid_hash
    WHERE i.hash = g.intent_hash AND i.state = 'settled'
    RETURNING i.hash AS intent_hash, i.swapper, i.state, g.bid_hash, g.solver, a.auction_id
    """
)

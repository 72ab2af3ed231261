"""What SolverRegistry's events do to the rows of solvers, and what each solver is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address
from sqlalchemy import Connection, text

from intendly.domain.chain import SolverChanged
from intendly.domain.events import Change


def apply_registry(connection: Connection, changed: Sequence[SolverChanged]) -> list[Change]:
    """The newest of a solver's events stands; what an event does not name stays as it was. One statement.

    Part of the index's transaction. Returns a change for each solver whose row is not what it was.
    """
    merged: dict[Address, dict[str, Any]] = {}
    for change in changed:
        row = merged.setdefault(change.solver, {"address": bytes(change.solver), "key": None, "endpoint": None})
        row["active"] = change.active
        row["block_number"] = change.place.block_number
        row["key"] = bytes(change.signing_key) if change.signing_key is not None else row["key"]
        row["endpoint"] = change.endpoint if change.endpoint is not None else row["endpoint"]
    if not merged:
        return []
    columns = ("address", "key", "endpoint", "active", "block_number")
    values = {column: [row[column] for row in merged.values()] for column in columns}
    return [
        Change(
            EventKind.SOLVER_CHANGED,
            solver=Address(row.address),
            data={"signing_key": str(Address(row.signing_key)), "active": row.active, "endpoint_set": row.endpoint_set},
        )
        for row in connection.execute(_PUT, values)
    ]


# `before` reads what stood before this statement.
_PUT = text(
    """
    WITH input AS (
        SELECT * FROM unnest(
            CAST(:address AS bytea[]), CAST(:key AS bytea[]), CAST(:endpoint AS text[]), CAST(:active AS boolean[]),
            CAST(:block_number AS bigint[])
        ) AS i (address, key, endpoint, active, block_number)
    ), before AS (
        SELECT s.* FROM solvers s JOIN input i ON i.address = s.address
    ), put AS (
        INSERT INTO solvers (address, signing_key, endpoint, active, block_number)
        SELECT i.address, coalesce(i.key, b.signing_key, '\\x0000000000000000000000000000000000000000'::bytea),
               coalesce(i.endpoint, b.endpoint, ''), i.active, i.block_number
        FROM input i LEFT JOIN before b ON b.address = i.address
        ON CONFLICT (address) DO UPDATE
        SET signing_key = excluded.signing_key, endpoint = excluded.endpoint, active = excluded.active,
            block_number = excluded.block_number
        RETURNING address, signing_key, endpoint, active
    )
    SELECT p.address, p.signing_key, p.active, p.endpoint <> '' AS endpoint_set
    FROM put p LEFT JOIN before b ON b.address = p.address
    WHERE (p.signing_key, p.endpoint, p.active) IS DISTINCT FROM (b.signing_key, b.endpoint, b.active)
    ORDER BY p.address
    """
)

"""Submitter lanes: one owner at a time, known by a token that grows with each claim."""

from __future__ import annotations

from intendly_sdk.primitives import Address
from sqlalchemy import text

from intendly.adapters.db.engine import Database
from intendly.services.ports import Lane


class LaneStore:
    """`ports.LaneStore` on PostgreSQL. Leases end by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, address: Address, owner: str, lease_s: int) -> Lane | None:
        with self._database.transaction() as connection:
            row = connection.execute(_CLAIM, {"address": bytes(address), "owner": owner, "lease_s": lease_s}).first()
        return Lane(address, row.token, row.next_nonce) if row else None

    def open(self, address: Address, next_nonce: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(_OPEN, {"address": bytes(address), "next_nonce": next_nonce})

    def release(self, lane: Lane) -> None:
        with self._database.transaction() as connection:
            connection.execute(_RELEASE, {"address": bytes(lane.address), "token": lane.token})


_CLAIM = text(
    """
    UPDATE lanes
    SET owner = :owner, token = token + 1, leased_until = clock_timestamp() + make_interval(secs => :lease_s)
    WHERE address = :address AND (leased_until IS NULL OR leased_until <= clock_timestamp())
    RETURNING token, next_nonce
    """
)
_OPEN = text("INSERT INTO lanes (address, next_nonce) VALUES (:address, :next_nonce) ON CONFLICT DO NOTHING")
_RELEASE = text("UPDATE lanes SET leased_until = NULL WHERE address = :address AND token = :token")

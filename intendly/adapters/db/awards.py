"""Awards between their compare-and-set and their signature."""

from __future__ import annotations

from collections.abc import Mapping

from intendly_sdk.messages import Award
from intendly_sdk.primitives import Hash32, HexBytes
from sqlalchemy import text

from intendly.adapters.db.engine import Database

_UNSIGNED = text("""
    SELECT bid_hash, transcript_root, exclusive_until FROM awards
    WHERE state = 'due' AND signature IS NULL
    ORDER BY created_at, bid_hash LIMIT :limit
""")

_SIGN = text("""
    UPDATE awards a SET signature = x.signature
    FROM unnest(CAST(:bid_hash AS bytea[]), CAST(:signature AS bytea[])) AS x (bid_hash, signature)
    WHERE a.bid_hash = x.bid_hash AND a.state = 'due' AND a.signature IS NULL
""")


class AwardStore:
    """`AwardStore` of the ports, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unsigned(self, limit: int) -> list[Award]:
        with self._database.statement() as connection:
            return [
                Award.model_construct(
                    bid_hash=Hash32(row.bid_hash),
                    transcript_root=Hash32(row.transcript_root),
                    exclusive_until=row.exclusive_until,
                )
                for row in connection.execute(_UNSIGNED, {"limit": limit})
            ]

    def sign(self, signatures: Mapping[Hash32, HexBytes]) -> int:
        values = {
            "bid_hash": [bytes(one) for one in signatures],
            "signature": [bytes(one) for one in signatures.values()],
        }
        with self._database.statement() as connection:
            return connection.execute(_SIGN, values).rowcount

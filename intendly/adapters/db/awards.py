"""Awards between their compare-and-set and their signature."""

from __future__ import annotations

from collections.abc import Mapping

from intendly_sdk.messages import Award
from intendly_sdk.primitives import Hash32, HexBytes

from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared

_UNSIGNED = Prepared("""
    SELECT bid_hash, transcript_root, exclusive_until FROM awards
    WHERE state = 'due' AND signature IS NULL
    ORDER BY created_at, bid_hash LIMIT CAST(:limit AS bigint)
""")

_SIGN = Prepared("""
    UPDATE awards a SET signature = x.signature
    FROM unnest(CAST(:bid_hash AS bytea[]), CAST(:signature AS bytea[])) AS x (bid_hash, signature)
    WHERE a.bid_hash = x.bid_hash AND a.state = 'due' AND a.signature IS NULL
    RETURNING a.bid_hash
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
                for row in _UNSIGNED.all(connection, {"limit": limit})
            ]

    def sign(self, signatures: Mapping[Hash32, HexBytes]) -> int:
        values = {"bid_hash": list(signatures), "signature": list(signatures.values())}
        with self._database.statement() as connection:
            return len(_SIGN.all(connection, values))

"""The floor of an accepted intent in the database: one INSERT and COMMIT of the same row each, on many connections.

Spoken to by lines of JSON: {"url": …, "rows": COUNT, "connections": N}; the answer is {"seconds": …}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

_INSERT = """
    INSERT INTO intents (
        hash, swapper, nonce, token_in, amount_in, token_out, min_amount_out, receiver, deadline, valid_from,
        open_after, partner, partner_fee_bps, app_data, signature, reason, next_due_at
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, 0, %s, %s, 'accepted', statement_timestamp())
"""
_DEADLINE = 1_800_000_600


def _row() -> tuple[object, ...]:
    swapper, token = os.urandom(20), os.urandom(20)
    nonce = int.from_bytes(os.urandom(32), "big")
    fixed = (token, 10**18, swapper, 3_000 * 10**6, swapper, _DEADLINE, _DEADLINE, bytes(20), bytes(32))
    return (os.urandom(32), swapper, nonce, *fixed, os.urandom(65))


def _insert(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(_INSERT, row)


def insert(url: str, count: int, connections: int) -> float:
    """Seconds until every row is committed."""
    opened = [psycopg2.connect(url) for _ in range(connections)]
    try:
        for one in opened:
            one.autocommit = True
        rows = [_row() for _ in range(count)]
        threads = [
            threading.Thread(target=_insert, args=(one, rows[place::connections])) for place, one in enumerate(opened)
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began
    finally:
        for one in opened:
            one.close()


def main() -> None:
    """Serve until stdin ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer: dict[str, object] = {"seconds": insert(asked["url"], asked["rows"], asked["connections"])}
        except psycopg2.Error as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

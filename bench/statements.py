"""The SQL that a process of the venue runs, as PostgreSQL's own log tells it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from bench.ground import administer
from intendly.adapters.embedded.postgres import EmbeddedPostgres

_ENDS = r"(?!BEGIN|COMMIT|ROLLBACK)"


@contextmanager
def statements_of(server: EmbeddedPostgres, log: Path, application: str) -> Iterator[Callable[[], int]]:
    """What it yields says how many statements `application` has run within the block, transactions' ends aside."""
    _set(server, "all", "%a|")
    begins_at = log.stat().st_size
    line = re.compile(rf"^{re.escape(application)}\|LOG:  statement: {_ENDS}", re.MULTILINE)

    def count() -> int:
        with log.open("rb") as file:
            file.seek(begins_at)
            return len(line.findall(file.read().decode(errors="replace")))

    try:
        yield count
    finally:
        _set(server, "none", "%m [%p] ")


def _set(server: EmbeddedPostgres, what: str, prefix: str) -> None:
    administer(
        server,
        f"ALTER SYSTEM SET log_statement = '{what}'",
        f"ALTER SYSTEM SET log_line_prefix = '{prefix}'",
        "SELECT pg_reload_conf()",
    )
    while _shown(server) != what:
        time.sleep(0.01)


def _shown(server: EmbeddedPostgres) -> str:
    with closing(psycopg2.connect(server.url_of("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW log_statement")
        ((shown,),) = cursor.fetchall()
        return str(shown)

"""Statements that a connection plans once: what they send, how often they are prepared, what an error tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError

from intendly.adapters.db.engine import Database
from intendly.adapters.db.prepared import Prepared

pytestmark = pytest.mark.integration

_ECHO = Prepared("""
    SELECT b, n, t AS word, CAST(:one AS integer) + 1 AS one FROM unnest(
        CAST(:bytes AS bytea[]), CAST(:numbers AS numeric[]), CAST(:texts AS text[])
    ) WITH ORDINALITY AS i (b, n, t, position) ORDER BY position
""")
_ADD = Prepared("INSERT INTO pause (reason) SELECT unnest(CAST(:reasons AS text[])) RETURNING 1")
_LOOK = Prepared("SELECT reason, 1 / CAST(:divisor AS integer) AS quotient FROM pause")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    one = Database(database_url.replace("://", "+psycopg2://", 1), pool_size=1, application="test")
    yield one
    one.dispose()


def test_what_is_sent_arrives(database: Database) -> None:
    texts = ["plain", "it's", 'a "quoted" one', "back\\slash", "{brace},comma", "", "NULL", None, "ünï%s:x"]
    raw = [b"", b"\x00\xff", b"'\\\"", None, *(bytes([n]) * 32 for n in range(5))]
    numbers = [0, 2**256 - 1, None, *range(6)]
    with database.statement() as connection:
        rows = _ECHO.all(connection, {"bytes": raw, "numbers": numbers, "texts": texts, "one": 41})
    assert [row.word for row in rows] == texts
    assert [None if row.b is None else bytes(row.b) for row in rows] == raw
    assert [None if row.n is None else int(row.n) for row in rows] == numbers
    assert {row.one for row in rows} == {42}
    with database.statement() as connection:
        assert _ECHO.all(connection, {"bytes": [], "numbers": [], "texts": [], "one": 0}) == []


def test_a_connection_prepares_it_once_and_a_new_one_anew(database: Database) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%quotient%'")
    values = {"divisor": 1}
    for _ in range(2):
        with database.statement() as connection:
            _LOOK.all(connection, values)
            _LOOK.all(connection, values)
            assert connection.execute(prepared).scalar_one() == 1
            plans = text("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%quot%'")
            assert tuple(connection.execute(plans).one()) != (0, 0)
            assert connection.execute(plans).one().custom_plans == 0
            connection.invalidate()


def test_a_connection_that_was_lost_is_replaced(database: Database) -> None:
    with database.statement() as connection:
        _LOOK.all(connection, {"divisor": 1})
    with database.transaction() as other:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        other.execute(text(others))  # returns once they have ended
    with database.statement() as connection:
        assert _LOOK.all(connection, {"divisor": 1}) == []


def test_two_in_one_round_trip_are_one_transaction_and_the_second_sees_the_first(database: Database) -> None:
    with database.statement() as connection:
        with pytest.raises(DataError):
            _LOOK.all(connection, {"reasons": ["gone"], "divisor": 0}, after=_ADD)
        assert _LOOK.all(connection, {"divisor": 1}) == []
        (row,) = _LOOK.all(connection, {"reasons": ["stays"], "divisor": 1}, after=_ADD)
        assert row.reason == "stays"
    with database.statement() as connection:
        assert [row.reason for row in _LOOK.all(connection, {"divisor": 1})] == ["stays"]


def test_an_error_tells_no_value(database: Database) -> None:
    secret = "sealed-value"
    with database.statement() as connection, pytest.raises(DataError) as caught:
        _ECHO.all(connection, {"bytes": [b"x"], "numbers": [secret], "texts": ["t"], "one": 1})
    told = str(caught.value).replace(str(caught.value.orig), "")
    assert secret not in told
    assert "EXECUTE intendly_" in told
    assert not isinstance(caught.value, OperationalError)

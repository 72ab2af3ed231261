"""A statement that fails is told without its values; an idle connection that was closed is not told at all."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.desk import Desk

pytestmark = pytest.mark.integration


def test_an_error_does_not_show_what_was_bound(desk: Desk) -> None:
    """A sealed bid or a secret in a parameter must not reach a log by the text of an exception."""

    def fail() -> None:
        with desk.database.transaction() as connection:
            connection.execute(text("SELECT 1 / 0 WHERE CAST(:bid AS text) <> ''"), {"bid": "sealed-until-the-close"})

    with pytest.raises(DBAPIError, match="division by zero") as failed:
        fail()
    assert "sealed-until-the-close" not in str(failed.value)


def test_a_connection_that_the_server_closed_is_replaced_unseen(desk: Desk, database_url: str) -> None:
    with desk.database.transaction() as one, desk.database.transaction() as other:
        first = {each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (one, other)}
    with closing(psycopg2.connect(database_url)) as operator, operator.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", (list(first),))
    with desk.database.transaction() as one, desk.database.transaction() as other:
        again = {each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (one, other)}
    assert len(again) == 2
    assert not first & again

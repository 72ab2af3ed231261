"""What goes wrong in a statement is told without the values that it carried."""

from __future__ import annotations

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

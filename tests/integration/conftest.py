"""What the tests of several folders share: the database as a `Desk` of rows, and a place for nudges."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from intendly.adapters.db.engine import Database
from tests.integration.desk import Desk, Nudged


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    database = Database(database_url.replace("://", "+psycopg2://", 1), pool_size=4, application="test")
    yield Desk(database)
    database.dispose()


@pytest.fixture
def nudged() -> Nudged:
    return Nudged()

"""A desk with two solvers, on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from intendly_sdk.signatures import Signer

from tests.integration.auction.desk import Desk


@pytest.fixture(scope="session")
def solver() -> Signer:
    return Signer(b"\x51" * 32)


@pytest.fixture(scope="session")
def rival() -> Signer:
    return Signer(b"\x52" * 32)


@pytest.fixture
def desk(database_url: str, solver: Signer, rival: Signer) -> Iterator[Desk]:
    one = Desk(database_url)
    one.rows.seed(solver, rival)
    one.set_block_time()
    yield one
    one.close()

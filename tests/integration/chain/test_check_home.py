"""A process refuses to start beside a chain or a database that is not its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import select

from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.db.engine import Database
from intendly.adapters.db.home import HomeStore
from intendly.adapters.db.tables import deployment
from intendly.services.check_home import CheckHome
from intendly.settings import SettingsError
from tests.venue import LocalChain

pytestmark = pytest.mark.integration


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url.replace("://", "+psycopg2://", 1), pool_size=2, application="test")
    yield opened
    opened.dispose()


def test_the_first_start_settles_in_and_the_next_finds_it(local_chain: LocalChain, database: Database) -> None:
    chain, homes = RpcChain(local_chain.rpc, local_chain.deployment), HomeStore(database)
    home = local_chain.deployment.home
    for _ in range(2):
        CheckHome(chain, homes, home).run()
    with database.transaction() as connection:
        row = connection.execute(select(deployment)).one()
    assert (row.chain_id, row.genesis_hash, row.settlement) == (home.chain_id, home.genesis_hash, home.settlement)


def test_a_database_of_another_deployment_is_refused(local_chain: LocalChain, database: Database) -> None:
    chain, homes = RpcChain(local_chain.rpc, local_chain.deployment), HomeStore(database)
    home = local_chain.deployment.home
    homes.settle_in(replace(home, settlement=Address(b"\x07" * 20)))
    with pytest.raises(SettingsError, match="DATABASE_URL has rows about Settlement 0x0707"):
        CheckHome(chain, homes, home).run()


def test_another_chain_is_refused_and_leaves_the_database_alone(local_chain: LocalChain, database: Database) -> None:
    chain, homes = RpcChain(local_chain.rpc, local_chain.deployment), HomeStore(database)
    of_another = replace(local_chain.deployment.home, genesis_hash=Hash32(b"\x07" * 32))
    with pytest.raises(SettingsError, match=r"DEPLOYMENT_FILE is about .* genesis 0x0707"):
        CheckHome(chain, homes, of_another).run()
    with database.transaction() as connection:
        assert connection.execute(select(deployment)).all() == []

"""backend-relayer beside the whole local market, as a client finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.external import RedisServer
from tests.integration.openapi.trader import FEE, Trader, World
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.world import Rows
from tests.venue import LocalChain, local_chain

__all__ = ["local_chain"]


@pytest.fixture(scope="module")
def world(module_database_url: str, local_chain: LocalChain) -> World:
    """The rows as the indexer would have written them, and one solver."""
    rows, deployment = Rows(module_database_url), local_chain.deployment
    for token in deployment.tokens:
        rows.run(
            "INSERT INTO tokens (address, symbol, name, decimals, gas_fee) VALUES (%s, %s, %s, %s, %s)",
            *(bytes(token.address), token.symbol, token.name, token.decimals, FEE),
        )
    block = local_chain.rpc.call("eth_getBlockByNumber", "latest", False)
    rows.run(
        "INSERT INTO chain_cursor (block_number, block_hash, block_time, final_number) VALUES (%s, %s, %s, 1)",
        *(int(block["number"], 16), bytes(32), int(block["timestamp"], 16)),
    )
    world = World(database_url=module_database_url, deployment=deployment)
    rows.add_solver(Trader(world).solver)
    return world


@pytest.fixture(scope="module")
def relayer(
    world: World, local_chain: LocalChain, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Relayer]:
    """With budgets and a cap that no test reaches."""
    deployment_file = str(local_chain.data_dir / "deployment.json")
    settings = {"RPC_URLS": local_chain.rpc_url, "DEPLOYMENT_FILE": deployment_file, "OPEN_INTENTS_MAX": "1000000"}
    folder = tmp_path_factory.mktemp("relayer")
    with running_relayer(Rows(world.database_url), valkey.url_of(10), folder, **settings) as one:
        yield one

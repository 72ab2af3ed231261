"""The blocks of a local chain, while much is sent to it at once."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from intendly.adapters.chain.local.anvil import Anvil
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.embedded import embedded_anvil

pytestmark = pytest.mark.integration


def test_a_chain_with_a_block_a_second_closes_none_while_a_batch_arrives(world_folder: Path) -> None:
    with (
        embedded_anvil(world_folder, block_time_s=1, durable=False) as chain,
        closing(Rpc([chain.rpc_url], timeout_s=30)) as rpc,
    ):
        anvil = Anvil(rpc)
        with anvil.one_block():
            before = _blocks(rpc)
            time.sleep(2.2)
            assert _blocks(rpc) == before
            anvil.mine()
            assert _blocks(rpc) == before + 1
        until = time.monotonic() + 10
        while _blocks(rpc) < before + 3:
            assert time.monotonic() < until, "it closes no blocks any more"
            time.sleep(0.1)


def _blocks(rpc: Rpc) -> int:
    return int(rpc.call("eth_blockNumber"), 16)

"""One deployed chain for each file of these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from solvers.chain_calls import ChainCalls
from solvers.markets import Markets
from tests.external import Chain
from tests.integration.solvers.local_chain import LocalChain


@pytest.fixture(scope="module")
def chain(anvil: Chain) -> LocalChain:
    """The contracts and pools."""
    return LocalChain(anvil.rpc_url)


@pytest.fixture(scope="module")
def markets(chain: LocalChain) -> Markets:
    """What can be traded there."""
    return Markets.model_validate_json(json.dumps(chain.markets()))


@pytest.fixture(scope="module")
def calls(chain: LocalChain, markets: Markets) -> Iterator[ChainCalls]:
    """A reader of that chain."""
    reader = ChainCalls(chain.rpc_url, markets.multicall3)
    yield reader
    reader.close()

"""A local chain with the whole market on it, as a fixture: import `local_chain` into a conftest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.keys import load_or_make_key
from intendly.adapters.chain.local.market import COIN, Funding, LocalMarket
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.verification import Administration
from intendly.domain.deployment import Deployment
from tests.external import Chain


@dataclass(frozen=True)
class LocalChain:
    """A seeded anvil. `data_dir` is laid out as the venue's DATA_DIR: keys/, deployment.json, markets.json."""

    rpc_url: str
    rpc: Rpc
    data_dir: Path
    market: LocalMarket
    administration: Administration
    deployment: Deployment
    deployer: Signer
    submitter: Signer
    auctioneer: Signer

    def token(self, symbol: str) -> Address:
        """The address of WOKB, USDC, USDT0, XBTC or XETH."""
        return self.market.contracts.token(symbol)

    def ready_swapper(self, swapper: Signer, tokens: dict[str, int]) -> None:
        """Give a swapper these tokens, in their smallest units, and let Permit2 move them."""
        self.market.fund([Funding(swapper.address, COIN, tokens)])
        self.market.approve_permit2([swapper], list(tokens))

    def env(self) -> dict[str, str]:
        """The variables by which a venue finds this chain."""
        return {"RPC_URLS": self.rpc_url, "CHAIN_ID": str(self.deployment.chain_id), "DATA_DIR": str(self.data_dir)}


@pytest.fixture(scope="module")
def local_chain(anvil: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """The module's anvil with Permit2, Uniswap, tokens, feeds, pools and the venue's contracts. Takes 0.2 s."""
    with closing(Rpc([anvil.rpc_url], timeout_s=30)) as rpc:
        yield make_local_chain(anvil.rpc_url, rpc, tmp_path_factory.mktemp("venue"))


def make_local_chain(rpc_url: str, rpc: Rpc, data_dir: Path) -> LocalChain:
    """The same on any anvil, with keys in `data_dir`."""
    deployer, submitter, auctioneer = (
        load_or_make_key(data_dir / "keys" / f"{name}.key") for name in ("deployer", "submitter", "auctioneer")
    )
    administration = administered_by(deployer, [submitter], [auctioneer])
    market = LocalMarket(rpc, deployer)
    deployment = market.make(administration, data_dir / "deployment.json", data_dir / "markets.json")
    return LocalChain(rpc_url, rpc, data_dir, market, administration, deployment, deployer, submitter, auctioneer)


def administered_by(owner: Signer, submitters: Sequence[Signer], auctioneers: Sequence[Signer]) -> Administration:
    """Everything by one owner."""
    return Administration(
        owner=owner.address,
        fee_recipient=owner.address,
        submitters=tuple(each.address for each in submitters),
        auctioneers=tuple(each.address for each in auctioneers),
        pausers=(owner.address,),
    )

"""The chain as the demo sees it: gives the swappers what they sell, and reads back what the chain says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer

from cli.demo.trades import Trade
from intendly.adapters.chain import artifacts
from intendly.adapters.chain.keys import load_key
from intendly.adapters.chain.local.contracts import COINS
from intendly.adapters.chain.local.market import Funding, LocalMarket
from intendly.adapters.chain.multicall import Multicall, Read
from intendly.adapters.chain.quotes import Swap, best_single_pools
from intendly.adapters.chain.reader import RpcChainReader
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.domain.chain import Filled
from intendly.domain.deployment import Deployment, Token
from intendly.settings import Settings

_BY_SYMBOL: Final = {coin.symbol: coin for coin in COINS}


class DemoMarket:
    """One local market, seen from outside of the venue."""

    def __init__(self, settings: Settings, deployment: Deployment) -> None:
        self._rpc = Rpc([url.get_secret_value() for url in settings.rpc_urls], timeout_s=30)
        self._market = LocalMarket(self._rpc, load_key(settings.deployer_key_path))
        self._deployment = deployment
        self._reader = RpcChainReader(self._rpc, deployment)
        self._tokens = {token.symbol: token for token in deployment.tokens}
        self._balance = artifacts.forge("ERC20").interface["balanceOf"]

    def close(self) -> None:
        self._rpc.close()

    def token(self, symbol: str) -> Token:
        return self._tokens[symbol]

    def amount_in(self, trade: Trade) -> int:
        """What the trade sells, in the token's smallest unit."""
        return _BY_SYMBOL[trade.sells].worth(trade.dollars)

    def ready(self, trades: Sequence[Trade]) -> None:
        """Give each swapper exactly what its trades sell, and let Permit2 move it."""
        needed: dict[Address, dict[str, int]] = {}
        signers: dict[Address, Signer] = {}
        for trade in trades:
            signers[trade.swapper.address] = trade.swapper
            holds = needed.setdefault(trade.swapper.address, {})
            holds[trade.sells] = holds.get(trade.sells, 0) + self.amount_in(trade)
        self._market.fund([Funding(account, tokens=tokens) for account, tokens in needed.items()])
        self._market.approve_permit2(list(signers.values()), sorted({trade.sells for trade in trades}))

    def best_single_pool(self, swap: Swap, block: int | str = "latest") -> int:
        """What one pool would give, in token_out's smallest unit; 0 where none does."""
        return best_single_pools(self._deployment, self._rpc, [swap], block)[swap]

    def best_before(self, swap: Swap, block_number: int) -> int:
        """The same at the block before a fill; 0 where the node does not have its state any more."""
        with suppress(RpcError):
            return self.best_single_pool(swap, block_number - 1)
        return 0

    def balances(self, holders: Sequence[tuple[Address, Token]], block: int | str = "latest") -> list[int]:
        """What each holds of the token, read from the chain in one request."""
        tag = hex(block) if isinstance(block, int) else block
        reads = [Read(token.address, self._balance, (account,)) for account, token in holders]
        answers = Multicall(self._rpc, self._deployment.multicall3).read(reads, tag)
        return [int(answer or 0) for answer in answers]

    def fills(self) -> Mapping[Hash32, Filled]:
        """Every fill that Settlement's own events tell of, by intent."""
        head = self._reader.head()
        logs = self._reader.logs_between(self._deployment.deploy_block, head.number)
        return {log.intent_hash: log for log in logs if isinstance(log, Filled)}

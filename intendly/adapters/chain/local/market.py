"""Makes a whole local market, the venue's contracts in it, and gives out what its people need. For anvil only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.create2 import Placed, codes
from intendly.adapters.chain.deployment import MULTICALL3, deploy, plan, write_whole
from intendly.adapters.chain.local.anvil import Anvil
from intendly.adapters.chain.local.contracts import COINS, MULTICALL3_DEPLOYER, WOKB, LocalContracts
from intendly.adapters.chain.local.pools import getting, missing, seeding
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.verification import Administration
from intendly.domain.deployment import Deployment

log = structlog.get_logger(__name__)

COIN: Final = 10**18
_GAS_OF_A_DEPLOYMENT: Final = 7_000_000
_DEPLOYER_COINS: Final = 1_000_000 * COIN


@dataclass(frozen=True)
class Funding:
    """What one account is to hold: native coins in wei, tokens by symbol in their smallest unit."""

    account: Address
    coins: int = 0
    tokens: Mapping[str, int] | None = None


class LocalMarket:
    """One local market on one anvil; `deployer` pays for it, and owns the feeds and the pools' liquidity."""

    def __init__(self, rpc: Rpc, deployer: Signer) -> None:
        self._rpc = rpc
        self._anvil = Anvil(rpc)
        self._signer = deployer
        self._account = Account(rpc, deployer, sent=self._anvil.mine)
        self.contracts = LocalContracts(deployer.address)

    def make(self, administration: Administration, deployment_path: Path, markets_path: Path) -> Deployment:
        """Everything at once; a second run finds it all, checks it, and sends nothing.

        Raises what `deploy` raises.
        """
        submitters = dict.fromkeys(administration.submitters, 1_000 * COIN)
        self._anvil.give_coins({self._account.address: _DEPLOYER_COINS, **submitters})
        with self._anvil.one_block():
            self._put_multicall3()
            contracts = self._missing([*self.contracts.every, *plan(administration).both])
            pools = missing(self._rpc, self.contracts)
            self._account.send(
                [each.deploying(gas=_GAS_OF_A_DEPLOYMENT) for each in contracts]
                + seeding(self.contracts, pools, self._account.address)
            )
        surroundings = self.contracts.surroundings()
        deployment = deploy(self._rpc, self._account, administration, surroundings, deployment_path)
        text = json.dumps(self.markets(), indent=2) + "\n"
        if not markets_path.exists() or markets_path.read_text() != text:
            write_whole(markets_path, text)
        log.info("local_market_made", contracts=len(contracts), pools=len(pools))
        return deployment

    def fund(self, fundings: Sequence[Funding]) -> None:
        """Give each account what it is to hold beyond what it has of tokens, and at least so many coins."""
        wrapped = sum((each.tokens or {}).get(WOKB.symbol, 0) for each in fundings)
        self._anvil.give_coins({each.account: each.coins for each in fundings if each.coins})
        self._anvil.give_coins({self._account.address: _DEPLOYER_COINS + wrapped})
        transfer = artifacts.forge("ERC20").interface["transfer"]
        calls = [getting(self.contracts, WOKB.symbol, self._account.address, wrapped)] if wrapped else []
        for each in fundings:
            for symbol, amount in (each.tokens or {}).items():
                if symbol == WOKB.symbol:
                    data = transfer.encode(each.account, amount)
                    calls.append(Call(f"give {symbol}", self.contracts.token(symbol), data, gas=100_000))
                else:
                    calls.append(getting(self.contracts, symbol, each.account, amount))
        with self._anvil.one_block():
            self._account.send(calls)

    def approve_permit2(self, swappers: Sequence[Signer], symbols: Sequence[str]) -> None:
        """Let Permit2 move these tokens of each swapper, who pays for its own approvals."""
        data = artifacts.forge("ERC20").interface["approve"].encode(self.contracts.permit2.address, 2**256 - 1)
        calls = [Call(f"approve {symbol}", self.contracts.token(symbol), data, gas=100_000) for symbol in symbols]
        self._anvil.give_coins(dict.fromkeys((each.address for each in swappers), COIN))
        with self._anvil.one_block():
            accounts = [Account(self._rpc, each) for each in swappers]
            sent = [account.broadcast(calls) for account in accounts]
            self._anvil.mine()
            for account, labels in zip(accounts, sent, strict=True):
                account.wait(labels)

    def markets(self) -> dict[str, object]:
        """The MARKETS_FILE: what the solvers are told."""
        around = self.contracts.surroundings()
        return {
            "wrapped_native": str(around.wrapped_native),
            "multicall3": str(around.multicall3),
            "tokens": [
                {
                    "address": str(self.contracts.token(coin.symbol)),
                    "symbol": coin.symbol,
                    "decimals": coin.decimals,
                    "price_feed": str(self.contracts.feeds[coin.symbol].address),
                }
                for coin in COINS
            ],
            "uniswap_v2": around.uniswap_v2.model_dump(mode="json") if around.uniswap_v2 else None,
            "uniswap_v3": around.uniswap_v3.model_dump(mode="json") if around.uniswap_v3 else None,
        }

    def _put_multicall3(self) -> None:
        if not codes(self._rpc, [MULTICALL3])[0]:
            self._anvil.give_coins({MULTICALL3_DEPLOYER: COIN})
            self._anvil.send_as(MULTICALL3_DEPLOYER, artifacts.multicall3().creation_code())

    def _missing(self, contracts: Sequence[Placed]) -> list[Placed]:
        found = codes(self._rpc, [each.address for each in contracts])
        return [each for each, code in zip(contracts, found, strict=True) if not code]

"""Quotes and prices of gas, held to real swaps in the real pools."""

from __future__ import annotations

import pytest
from intendly_sdk.primitives import Address, HexBytes

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.fees import gas_price
from intendly.adapters.chain.local.market import Funding
from intendly.adapters.chain.local.pools import POOLS
from intendly.adapters.chain.prices import RpcPrices
from intendly.adapters.chain.quotes import best_single_pool
from tests.venue import LocalChain

pytestmark = pytest.mark.integration
FOREVER = 2**40


def _balance(chain: LocalChain, token: Address, block: str = "latest") -> int:
    data = artifacts.forge("ERC20").interface["balanceOf"].encode(chain.deployer.address)
    return int(chain.rpc.call("eth_call", {"to": str(token), "data": str(HexBytes(data))}, block), 16)


def _swapped(chain: LocalChain, token_in: str, token_out: str, amount: int, fee: int | None) -> int:
    """What a real swap through one pool yields; the chain is put back."""
    snapshot = chain.rpc.call("evm_snapshot")
    pair, owner = (chain.token(token_in), chain.token(token_out)), chain.deployer.address
    approve = artifacts.forge("ERC20").interface["approve"]
    contracts = chain.market.contracts
    if fee is None:
        router = contracts.v2_router.address
        data = (
            artifacts.uniswap("UniswapV2Router02")
            .interface["swapExactTokensForTokens"]
            .encode(amount, 0, pair, owner, FOREVER)
        )
    else:
        router = contracts.v3_router.address
        data = (
            artifacts.uniswap("SwapRouter")
            .interface["exactInputSingle"]
            .encode((*pair, fee, owner, FOREVER, amount, 0, 0))
        )
    chain.market.fund([_funding(chain, token_in, amount)])
    before = _balance(chain, pair[1])
    Account(chain.rpc, chain.deployer).send([Call("approve", pair[0], approve.encode(router, amount))])
    Account(chain.rpc, chain.deployer).send([Call("swap", router, data, gas=1_000_000)])
    yielded = _balance(chain, pair[1]) - before
    chain.rpc.call("evm_revert", snapshot)
    return yielded


def _funding(chain: LocalChain, symbol: str, amount: int) -> Funding:
    return Funding(chain.deployer.address, 0, {symbol: amount})


@pytest.mark.parametrize(
    ("token_in", "token_out", "amount"),
    [
        ("WOKB", "USDC", 3 * 10**18),
        ("USDC", "WOKB", 250_000 * 10**6),
        ("XBTC", "USDC", 2 * 10**8),
        ("XETH", "WOKB", 10**18),
    ],
)
def test_the_best_quote_is_the_best_real_swap(
    local_chain: LocalChain, token_in: str, token_out: str, amount: int
) -> None:
    quoted = best_single_pool(
        local_chain.deployment, local_chain.rpc, local_chain.token(token_in), local_chain.token(token_out), amount
    )
    pools = [pool for pool in POOLS if {pool.base, pool.quote} == {token_in, token_out}]
    yields = [_swapped(local_chain, token_in, token_out, amount, pool.fee) for pool in pools]
    assert len(set(yields)) == len(pools) > 1
    assert quoted == max(yields)


def test_a_quote_of_an_earlier_block(local_chain: LocalChain) -> None:
    deployment, rpc = local_chain.deployment, local_chain.rpc
    pair = (local_chain.token("WOKB"), local_chain.token("USDC"))
    number = int(rpc.call("eth_blockNumber"), 16)
    then = best_single_pool(deployment, rpc, *pair, 10**18)
    local_chain.market.fund([_funding(local_chain, "USDC", 1)])
    assert best_single_pool(deployment, rpc, *pair, 10**18, number) == then


def test_without_a_pool_there_is_no_quote(local_chain: LocalChain) -> None:
    pair = (local_chain.token("XBTC"), local_chain.token("XETH"))
    assert best_single_pool(local_chain.deployment, local_chain.rpc, *pair, 10**8) == 0


def test_gas_is_priced_in_every_token(local_chain: LocalChain) -> None:
    priced = RpcPrices(local_chain.rpc, local_chain.deployment).gas_fees(350_000)
    _, price = gas_price(local_chain.rpc)
    cost = 350_000 * price
    assert priced.fees[local_chain.token("WOKB")] == cost
    dollars = cost * 180 // 10**12  # in USDC's units, WOKB being worth 180 dollars
    for symbol in ("USDC", "USDT0"):
        assert dollars * 0.98 < priced.fees[local_chain.token(symbol)] <= dollars * 1.01
    assert priced.fees[local_chain.token("XETH")] == pytest.approx(cost * 180 / 4_000, rel=0.02)
    assert priced.fees[local_chain.token("XBTC")] == pytest.approx(dollars * 100 / 110_000, rel=0.05)
    assert priced.block_number == int(local_chain.rpc.call("eth_blockNumber"), 16)

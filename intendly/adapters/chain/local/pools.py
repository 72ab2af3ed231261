"""The pools of a local market, on Uniswap V2 and V3, with liquidity over the whole range of prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final

from intendly_sdk.primitives import Address, HexBytes

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Call
from intendly.adapters.chain.local.contracts import COINS, WOKB, LocalContracts
from intendly.adapters.chain.rpc import Rpc

_BPS: Final = 10_000
_FOREVER: Final = 2**40
_TICK_SPACING: Final = {500: 10, 3_000: 60, 10_000: 200}
_MAX_TICK: Final = 887_272
_BY_SYMBOL: Final = {coin.symbol: coin for coin in COINS}


@dataclass(frozen=True)
class Pool:
    """One pool: `fee` is None on V2, in hundredths of a basis point on V3.

    `dollars` is what lies in it of each token; `skew_bps` is how much dearer `base` is here than by the feeds, so
    that a router has something to choose between.
    """

    base: str
    quote: str
    fee: int | None
    dollars: int
    skew_bps: int = 0

    @property
    def amounts(self) -> tuple[int, int]:
        """Of base and quote, in their smallest units."""
        quote = _BY_SYMBOL[self.quote].worth(self.dollars)
        return _BY_SYMBOL[self.base].worth(self.dollars), quote * (_BPS + self.skew_bps) // _BPS


POOLS: Final = (
    Pool("WOKB", "USDC", None, 1_000_000),
    Pool("WOKB", "USDC", 500, 2_000_000, 6),
    Pool("WOKB", "USDC", 3_000, 2_000_000, -8),
    Pool("WOKB", "USDT0", None, 1_000_000, -5),
    Pool("WOKB", "USDT0", 3_000, 2_000_000, 4),
    Pool("USDC", "USDT0", None, 2_000_000),
    Pool("USDC", "USDT0", 500, 5_000_000, 1),
    Pool("XBTC", "USDC", None, 2_000_000, 3),
    Pool("XBTC", "USDC", 3_000, 3_000_000, -6),
    Pool("XETH", "USDC", None, 1_000_000, -4),
    Pool("XETH", "USDC", 3_000, 3_000_000, 5),
    Pool("XETH", "WOKB", None, 1_000_000),
    Pool("XETH", "WOKB", 10_000, 1_000_000, 10),
)


def missing(rpc: Rpc, contracts: LocalContracts) -> list[Pool]:
    """The pools of `POOLS` that the chain does not have yet."""
    v2, v3 = artifacts.uniswap("UniswapV2Factory").interface, artifacts.uniswap("UniswapV3Factory").interface
    asked = []
    for pool in POOLS:
        pair = (contracts.token(pool.base), contracts.token(pool.quote))
        if pool.fee is None:
            asked.append((contracts.v2_factory.address, v2["getPair"].encode(*pair)))
        else:
            asked.append((contracts.v3_factory.address, v3["getPool"].encode(*pair, pool.fee)))
    answers = rpc.results(
        [("eth_call", [{"to": str(to), "data": str(HexBytes(data))}, "latest"]) for to, data in asked]
    )
    # A factory that is not there yet answers with nothing.
    return [pool for pool, answer in zip(POOLS, answers, strict=True) if int(answer[2:] or "0", 16) == 0]


def seeding(contracts: LocalContracts, pools: Sequence[Pool], owner: Address) -> list[Call]:
    """The transactions that make and fill the pools from the owner's wallet, which they fill first."""
    if not pools:
        return []
    needed: Counter[str] = Counter()
    for pool in pools:
        base, quote = pool.amounts
        needed[pool.base] += base
        needed[pool.quote] += quote
    calls = [getting(contracts, symbol, owner, amount) for symbol, amount in needed.items()]
    spenders = (contracts.v2_router.address, contracts.positions.address)
    approve = artifacts.forge("ERC20").interface["approve"]
    calls += [
        Call(f"approve {symbol}", contracts.token(symbol), approve.encode(spender, 2**256 - 1), gas=100_000)
        for symbol in needed
        for spender in spenders
    ]
    for pool in pools:
        calls += _v2(contracts, pool, owner) if pool.fee is None else _v3(contracts, pool, pool.fee, owner)
    return calls


def getting(contracts: LocalContracts, symbol: str, owner: Address, amount: int) -> Call:
    """How the sender puts `amount` of a token into a wallet; wrapped coins only into its own, from its balance."""
    if symbol == WOKB.symbol:
        deposit = artifacts.uniswap("WETH9").interface["deposit"].encode()
        return Call("wrap coins", contracts.wrapped_native.address, deposit, amount, gas=100_000)
    mint = artifacts.forge("TestToken").interface["mint"].encode(owner, amount)
    return Call(f"mint {symbol}", contracts.token(symbol), mint, gas=150_000)


def _v2(contracts: LocalContracts, pool: Pool, owner: Address) -> list[Call]:
    add = artifacts.uniswap("UniswapV2Router02").interface["addLiquidity"]
    pair = (contracts.token(pool.base), contracts.token(pool.quote))
    data = add.encode(*pair, *pool.amounts, 0, 0, owner, _FOREVER)
    return [Call(f"V2 pool {pool.base}/{pool.quote}", contracts.v2_router.address, data, gas=4_000_000)]


def _v3(contracts: LocalContracts, pool: Pool, fee: int, owner: Address) -> list[Call]:
    sides = zip((contracts.token(pool.base), contracts.token(pool.quote)), pool.amounts, strict=True)
    (token0, amount0), (token1, amount1) = sorted(sides)
    manager = artifacts.uniswap("NonfungiblePositionManager").interface
    price = isqrt((amount1 << 192) // amount0)
    tick = _MAX_TICK // _TICK_SPACING[fee] * _TICK_SPACING[fee]
    create = manager["createAndInitializePoolIfNecessary"].encode(token0, token1, fee, price)
    mint = manager["mint"].encode((token0, token1, fee, -tick, tick, amount0, amount1, 0, 0, owner, _FOREVER))
    label = f"V3 pool {pool.base}/{pool.quote} {fee}"
    return [
        Call(label, contracts.positions.address, create, gas=6_000_000),
        Call(f"{label}, liquidity", contracts.positions.address, mint, gas=1_000_000),
    ]

"""What a local chain gets: each contract with the address that its code gives it. The real ones, never mocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intendly_sdk.primitives import ZERO_ADDRESS, Address, Hash32

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.deployment import MULTICALL3, Surroundings
from intendly.domain.deployment import Token, UniswapV2, UniswapV3

PERMIT2_SALT: Final = Hash32("0x0000000000000000000000000000000000000000d3af2663da51c10215000000")
MULTICALL3_DEPLOYER: Final = Address("0x05f32B3cC3888453ff71B01135B34FF8e41263F2")
"""Whose first transaction puts Multicall3 at its address on every chain."""
FEED_DECIMALS: Final = 8


@dataclass(frozen=True)
class Coin:
    """A token of the local market, and what it is worth in US dollars, with `FEED_DECIMALS` decimals."""

    symbol: str
    name: str
    decimals: int
    price: int

    def worth(self, dollars: int) -> int:
        """How much of it is worth so many dollars, in its smallest unit."""
        units: int = 10 ** (self.decimals + FEED_DECIMALS)
        return dollars * units // self.price


WOKB: Final = Coin("WOKB", "Wrapped OKB", 18, 180 * 10**FEED_DECIMALS)
COINS: Final = (
    WOKB,
    Coin("USDC", "USD Coin", 6, 10**FEED_DECIMALS),
    Coin("USDT0", "USDT0", 6, 10**FEED_DECIMALS),
    Coin("XBTC", "Bitcoin on X", 8, 110_000 * 10**FEED_DECIMALS),
    Coin("XETH", "Ether on X", 18, 4_000 * 10**FEED_DECIMALS),
)


class LocalContracts:
    """All of them, for one deployer, who owns the feeds."""

    def __init__(self, deployer: Address) -> None:
        self.permit2 = Placed("Permit2", artifacts.permit2().creation_code(), PERMIT2_SALT)
        self.wrapped_native = _uniswap("WETH9")
        self.v2_factory = _uniswap("UniswapV2Factory", deployer)
        self.v3_factory = _uniswap("UniswapV3Factory")
        v2, v3, wrapped = self.v2_factory.address, self.v3_factory.address, self.wrapped_native.address
        self.v2_router = _uniswap("UniswapV2Router02", v2, wrapped)
        self.v3_router = _uniswap("SwapRouter", v3, wrapped)
        self.quoter = _uniswap("QuoterV2", v3, wrapped)
        self.positions = _uniswap("NonfungiblePositionManager", v3, wrapped, ZERO_ADDRESS)
        self.minted = {
            coin.symbol: Placed(
                coin.symbol, artifacts.forge("TestToken").creation_code(coin.name, coin.symbol, coin.decimals)
            )
            for coin in COINS
            if coin is not WOKB
        }
        self.feeds = {
            coin.symbol: Placed(
                f"{coin.symbol} feed",
                artifacts.forge("PriceFeed").creation_code(FEED_DECIMALS, f"{coin.symbol} / USD", coin.price, deployer),
            )
            for coin in COINS
        }

    @property
    def every(self) -> list[Placed]:
        """In the order in which they are deployed. Multicall3 is not among them: it has a deployer of its own."""
        fixed = [self.permit2, self.wrapped_native, self.v2_factory, self.v2_router, self.v3_factory]
        return [*fixed, self.v3_router, self.quoter, self.positions, *self.minted.values(), *self.feeds.values()]

    def token(self, symbol: str) -> Address:
        """Where the coin of this symbol is."""
        return (self.wrapped_native if symbol == WOKB.symbol else self.minted[symbol]).address

    def surroundings(self) -> Surroundings:
        """What the venue is told of them."""
        return Surroundings(
            permit2=self.permit2.address,
            multicall3=MULTICALL3,
            wrapped_native=self.wrapped_native.address,
            tokens=tuple(
                Token(address=self.token(coin.symbol), symbol=coin.symbol, name=coin.name, decimals=coin.decimals)
                for coin in COINS
            ),
            uniswap_v2=UniswapV2(factory=self.v2_factory.address, router=self.v2_router.address),
            uniswap_v3=UniswapV3(
                factory=self.v3_factory.address, router=self.v3_router.address, quoter=self.quoter.address
            ),
        )


def _uniswap(name: str, *arguments: object) -> Placed:
    return Placed(name, artifacts.uniswap(name).creation_code(*arguments))

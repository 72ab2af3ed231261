"""Reads what a market maker must know, in one call: two prices, what it holds, and the block's time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from intendly_sdk.primitives import Address

from solvers.chain_calls import ChainCalls, View
from solvers.markets import Token
from solvers.pricing import OraclePrice

KEPT_S = 0.25
"""A block is at least four times as long; auctions that come together are priced from one reading."""
_BALANCE = View("balanceOf", ("address",), ("uint256",))
_DECIMALS = View("decimals", (), ("uint8",))
_LATEST = View("latestRoundData", (), ("uint80", "int256", "uint256", "uint256", "uint80"))


@dataclass(frozen=True, slots=True)
class Facts:
    """As of one block. A price is None when its feed does not answer."""

    block_time: int
    price_in: OraclePrice | None
    price_out: OraclePrice | None
    held: int


class Oracle:
    """Chainlink's AggregatorV3Interface, and ERC-20 balances of the executor. Raises `ChainError`.

    Safe to use from several threads. What it read it tells again for `kept_s` seconds.
    """

    def __init__(self, calls: ChainCalls, executor: Address, kept_s: float = KEPT_S) -> None:
        self._calls = calls
        self._executor = executor
        self._kept_s = kept_s
        self._kept: dict[tuple[Address, Address], tuple[float, Facts | None]] = {}

    def read(self, token_in: Token, token_out: Token) -> Facts | None:
        """None when one of the tokens has no feed."""
        pair, now = (token_in.address, token_out.address), time.monotonic()
        kept = self._kept.get(pair)
        if kept is None or now >= kept[0] + self._kept_s:
            kept = self._kept[pair] = (now, self._read(token_in, token_out))
        return kept[1]

    def _read(self, token_in: Token, token_out: Token) -> Facts | None:
        feed_in, feed_out = token_in.price_feed, token_out.price_feed
        if feed_in is None or feed_out is None:
            return None
        answers = self._calls.read(
            [
                _DECIMALS.at(feed_in),
                _LATEST.at(feed_in),
                _DECIMALS.at(feed_out),
                _LATEST.at(feed_out),
                _BALANCE.at(token_out.address, self._executor),
            ]
        )
        decimals_in, round_in, decimals_out, round_out, held = answers.values
        return Facts(answers.block_time, _price(decimals_in, round_in), _price(decimals_out, round_out), held or 0)


def _price(decimals: int | None, latest: tuple[int, int, int, int, int] | None) -> OraclePrice | None:
    if decimals is None or latest is None:
        return None
    return OraclePrice(answer=latest[1], decimals=decimals, updated_at=latest[3])

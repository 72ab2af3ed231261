"""Reads what a market maker must know, in one call: two prices, what it holds, and the block's time."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.primitives import Address

from solvers.chain_calls import ChainCalls, View
from solvers.markets import Token
from solvers.pricing import OraclePrice

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
    """Chainlink's AggregatorV3Interface, and ERC-20 balances of the executor. Raises `ChainError`."""

    def __init__(self, calls: ChainCalls, executor: Address) -> None:
        self._calls = calls
        self._executor = executor

    def read(self, token_in: Token, token_out: Token) -> Facts | None:
        """None when one of the tokens has no feed."""
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

"""What the demo's swappers want: a pure function of the seed, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.signatures import Signer

PAIRS: Final = (("WOKB", "USDC"), ("WOKB", "USDT0"), ("XBTC", "USDC"), ("XETH", "USDC"), ("USDC", "USDT0"))
"""Tokens of 6, 8 and 18 decimals; each pair is traded in both directions."""
SWAPPERS: Final = 6


@dataclass(frozen=True, slots=True)
class Trade:
    """One swap that a swapper wants: `dollars` worth of `sells` for `buys`, by symbol."""

    swapper: Signer
    sells: str
    buys: str
    dollars: int


def swappers(seed: int) -> list[Signer]:
    """The demo's swappers; their keys are worth nothing, they come from the seed."""
    return [Signer(keccak(f"demo swapper {seed} {place}".encode())) for place in range(SWAPPERS)]


def trades(seed: int, count: int, people: Sequence[Signer]) -> list[Trade]:
    """`count` trades that go around the swappers, the pairs and both directions."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    wanted = []
    for place in range(count):
        base, quote = PAIRS[place % len(PAIRS)]
        sells, buys = (base, quote) if (place // len(PAIRS)) % 2 == 0 else (quote, base)
        wanted.append(Trade(people[place % len(people)], sells, buys, chance.randint(50, 5_000)))
    return wanted

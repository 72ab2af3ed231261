"""Which way through the pools yields the most: a single path, a split over several, or two hops. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from intendly_sdk.primitives import Address

MAX_PARTS = 3
V2_RESERVE_MAX = 2**112 - 1


class Venue(IntEnum):
    """Numbered as PoolExecutor numbers them."""

    V2 = 0
    V3 = 1


@dataclass(frozen=True, slots=True)
class Hop:
    """One pool in one direction. `fee` is V3's, in hundredths of a basis point; 0 for V2."""

    venue: Venue
    token_in: Address
    token_out: Address
    fee: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a path of one or two hops yields for an amount, at one block."""

    hops: tuple[Hop, ...]
    amount_in: int
    amount_out: int
    between: int = 0
    """What the first of two hops yields."""


@dataclass(frozen=True, slots=True)
class Route:
    """Quotes side by side, over different pools, that take the whole input together."""

    parts: tuple[Quote, ...]

    @property
    def amount_out(self) -> int:
        """Of all parts, in the output token's smallest unit."""
        return sum(part.amount_out for part in self.parts)

    def inputs(self) -> dict[Hop, int]:
        """How much goes into each pool."""
        amounts: dict[Hop, int] = {}
        for part in self.parts:
            for hop, amount in zip(part.hops, (part.amount_in, part.between), strict=False):
                amounts[hop] = amounts.get(hop, 0) + amount
        return amounts


def v2_amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """What a Uniswap V2 pair pays: x·y = k with 0.3 % off the input (UniswapV2Library.getAmountOut).

    0 where it can't: without reserves, or with more than it can count.
    """
    if amount_in <= 0 or reserve_in <= 0 or reserve_out <= 0 or reserve_in + amount_in > V2_RESERVE_MAX:
        return 0
    taken = amount_in * 997
    return taken * reserve_out // (reserve_in * 1_000 + taken)


def portions(amount: int, steps: int) -> list[int]:
    """amount·k/steps for k = 1 … steps, the last exactly the amount."""
    return [amount * k // steps for k in range(1, steps + 1)]


def best_split(amount_in: int, curves: Mapping[Hop, Sequence[int]]) -> Route | None:
    """The best way to divide the input over direct pools.

    `curves[hop][k - 1]` is what the pool yields for portion k of `portions(amount_in, steps)`. Every division
    over at most MAX_PARTS pools is considered, on that grid. None when no pool yields anything.
    """
    steps = max((len(curve) for curve in curves.values()), default=0)
    # best[parts][k]: the most that k portions yield over that many pools at most, and how much goes where.
    Plan = tuple[int, tuple[tuple[Hop, int], ...]]  # noqa: N806
    best: list[dict[int, Plan]] = [{0: (0, ())} for _ in range(MAX_PARTS + 1)]
    for hop, curve in curves.items():
        for parts in range(MAX_PARTS, 0, -1):
            for taken, (amount, plan) in list(best[parts - 1].items()):
                for k in range(1, steps - taken + 1):
                    candidate = amount + curve[k - 1]
                    if curve[k - 1] > 0 and candidate > best[parts].get(taken + k, (0, ()))[0]:
                        best[parts][taken + k] = (candidate, (*plan, (hop, k)))
    whole = [table[steps] for table in best if steps in table and table[steps][0] > 0]
    if not whole:
        return None
    _, plan = max(whole, key=lambda found: found[0])
    return _as_route(amount_in, steps, plan, curves)


def _as_route(
    amount_in: int, steps: int, plan: Iterable[tuple[Hop, int]], curves: Mapping[Hop, Sequence[int]]
) -> Route:
    parts = [Quote((hop,), amount_in * k // steps, curves[hop][k - 1]) for hop, k in plan]
    # Rounding leaves a few units of the input over; they go into the first part.
    rest = amount_in - sum(part.amount_in for part in parts)
    first = parts[0]
    return Route((Quote(first.hops, first.amount_in + rest, first.amount_out), *parts[1:]))


def best_route(amount_in: int, curves: Mapping[Hop, Sequence[int]], two_hops: Iterable[Quote]) -> Route | None:
    """The best of all: a tie goes to the direct pools, and to fewer of them."""
    found = [route for route in (best_split(amount_in, curves),) if route is not None]
    found += [Route((quote,)) for quote in two_hops if quote.amount_out > 0]
    return max(found, key=lambda route: route.amount_out, default=None)

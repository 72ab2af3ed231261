"""Asks the pools what they would pay: V2 by its reserves, V3 by QuoterV2, in two rounds of one call each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from intendly_sdk.primitives import Address

from solvers.chain_calls import Call, ChainCalls, View
from solvers.markets import Markets
from solvers.pools import Pools
from solvers.routes import Hop, Quote, Route, Venue, best_route, portions, v2_amount_out

STEPS = 8
"""A split divides the input into eighths."""
_V3_MOST = 2**128 - 1
"""V3 counts liquidity in a uint128 and amounts in an int256: what is more, none of its pools can take whole."""
_RESERVES = View("getReserves", (), ("uint112", "uint112", "uint32"))
_QUOTE = View(
    "quoteExactInputSingle",
    ("(address,address,uint256,uint24,uint160)",),
    ("uint256", "uint160", "uint32", "uint256"),
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a pool would pay for `amount`, when `ahead` has gone into it before."""

    hop: Hop
    amount: int
    ahead: int


class PoolQuotes:
    """Finds the best route at the latest block. Safe to use from several threads. Raises `ChainError`."""

    def __init__(self, calls: ChainCalls, markets: Markets, pools: Pools) -> None:
        self._calls = calls
        self._quoter = markets.uniswap_v3.quoter
        self._pools = pools

    def best(self, token_in: Address, token_out: Address, amount_in: int, ahead: Mapping[Hop, int]) -> Route | None:
        """The best route; `ahead` is what other bids of ours may put into the pools before it."""
        direct = self._pools.hops(token_in, token_out)
        middles = self._pools.between(token_in, token_out)
        wish = partial(_wish, ahead)
        grid = [wish(hop, part) for hop in direct for part in portions(amount_in, STEPS)]
        firsts = [wish(hop, amount_in) for middle in middles for hop in self._pools.hops(token_in, middle)]
        paid = self._ask(grid + firsts)
        curves = {hop: [paid[wish(hop, part)] for part in portions(amount_in, STEPS)] for hop in direct}
        best_first: dict[Address, tuple[Hop, int]] = {}
        for first in firsts:
            if paid[first] > best_first.get(first.hop.token_out, (first.hop, 0))[1]:
                best_first[first.hop.token_out] = (first.hop, paid[first])
        seconds = [
            (hop, wish(last, between))
            for middle, (hop, between) in best_first.items()
            for last in self._pools.hops(middle, token_out)
        ]
        paid = self._ask([second for _, second in seconds])
        two_hops = [Quote((hop, second.hop), amount_in, paid[second], second.amount) for hop, second in seconds]
        return best_route(amount_in, curves, two_hops)

    def _ask(self, wishes: list[_Wish]) -> dict[_Wish, int]:
        """What each wish pays; 0 where the pool can't."""
        if not wishes:
            return {}
        v3 = [wish for wish in wishes if wish.hop.venue is Venue.V3]
        both = [(wish.hop, amount) for wish in v3 for amount in (wish.ahead + wish.amount, wish.ahead)]
        asked = list(dict.fromkeys((hop, amount) for hop, amount in both if 0 < amount <= _V3_MOST))
        pairs = list(dict.fromkeys(wish.hop for wish in wishes if wish.hop.venue is Venue.V2))
        answers = self._calls.read(
            [self._quote(hop, amount) for hop, amount in asked] + [_RESERVES.at(self._pools.pair(hop)) for hop in pairs]
        ).values
        quoted = {key: values[0] if values else 0 for key, values in zip(asked, answers, strict=False)}
        reserves = {hop: _oriented(hop, values) for hop, values in zip(pairs, answers[len(asked) :], strict=True)}

        def pays(hop: Hop, amount: int) -> int:
            return quoted.get((hop, amount), 0) if hop.venue is Venue.V3 else v2_amount_out(amount, *reserves[hop])

        return {wish: max(0, pays(wish.hop, wish.ahead + wish.amount) - pays(wish.hop, wish.ahead)) for wish in wishes}

    def _quote(self, hop: Hop, amount: int) -> Call:
        return _QUOTE.at(self._quoter, (hop.token_in, hop.token_out, amount, hop.fee, 0))


def _wish(ahead: Mapping[Hop, int], hop: Hop, amount: int) -> _Wish:
    return _Wish(hop, amount, ahead.get(hop, 0))


def _oriented(hop: Hop, reserves: tuple[int, int, int] | None) -> tuple[int, int]:
    if reserves is None:
        return (0, 0)
    return (reserves[0], reserves[1]) if hop.token_in < hop.token_out else (reserves[1], reserves[0])

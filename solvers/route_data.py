"""A route as PoolExecutor reads it: abi.encode(Swap[]) (contracts/src/executors/PoolExecutor.sol)."""

from __future__ import annotations

from eth_abi.abi import encode

from solvers.routes import Hop, Quote, Route, Venue

PREVIOUS_OUTPUT = 2**256 - 1
_SWAPS = "(uint8,uint256,uint256,address[],uint24[])[]"
_Swap = tuple[int, int, int, list[bytes], list[int]]

# Measured on the real pools: V2 87,000 and V3 117,000 a swap, plus approvals; rounded up for tokens that cost more.
_GAS_OF_CALLBACK = 90_000
_GAS_OF_HOP = 170_000


def encode_route(route: Route, owed: int) -> bytes:
    """The executor's data. The parts must yield `owed` together, each its share, or the fill reverts:
    so nobody who moves the pools can make the executor pay from what it holds besides."""
    swaps: list[_Swap] = []
    for part in route.parts:
        swaps += _swaps(part, part.amount_out * owed // route.amount_out)
    return encode([_SWAPS], [swaps])


def callback_gas(route: Route) -> int:
    """A gas limit for the executor's callback."""
    return _GAS_OF_CALLBACK + _GAS_OF_HOP * sum(len(part.hops) for part in route.parts)


def _swaps(part: Quote, minimum: int) -> list[_Swap]:
    """One swap, or two in a row where the hops are of different venues."""
    if len({hop.venue for hop in part.hops}) == 1:
        return [_swap(part.hops, part.amount_in, minimum)]
    first, second = part.hops
    return [_swap((first,), part.amount_in, 0), _swap((second,), PREVIOUS_OUTPUT, minimum)]


def _swap(hops: tuple[Hop, ...], amount_in: int, minimum: int) -> _Swap:
    venue = hops[0].venue
    tokens: list[bytes] = [hops[0].token_in, *(hop.token_out for hop in hops)]
    fees = [hop.fee for hop in hops] if venue is Venue.V3 else []
    return (venue.value, amount_in, minimum, tokens, fees)

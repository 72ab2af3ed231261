"""What the router's executor is told: that every part must yield its share, and that hops follow each other."""

from __future__ import annotations

from eth_abi.abi import decode
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.primitives import Address

from solvers.route_data import PREVIOUS_OUTPUT, callback_gas, encode_route
from solvers.routes import Hop, Quote, Route, Venue

A, B, C = (Address(bytes(19) + bytes((n,))) for n in (1, 2, 3))
_SWAPS = "(uint8,uint256,uint256,address[],uint24[])[]"


def swaps(route: Route, owed: int) -> list[tuple[int, int, int, tuple[str, ...], tuple[int, ...]]]:
    """The executor's reading of the data."""
    (found,) = decode([_SWAPS], encode_route(route, owed))
    return list(found)


def test_a_single_swap() -> None:
    route = Route((Quote((Hop(Venue.V3, A, B, 500),), 100, 90),))
    assert swaps(route, 80) == [(1, 100, 80, (str(A), str(B)), (500,))]


def test_two_hops_of_one_venue_are_one_swap() -> None:
    v2 = Route((Quote((Hop(Venue.V2, A, C), Hop(Venue.V2, C, B)), 100, 90, 95),))
    assert swaps(v2, 80) == [(0, 100, 80, (str(A), str(C), str(B)), ())]
    v3 = Route((Quote((Hop(Venue.V3, A, C, 500), Hop(Venue.V3, C, B, 3_000)), 100, 90, 95),))
    assert swaps(v3, 80) == [(1, 100, 80, (str(A), str(C), str(B)), (500, 3_000))]


def test_two_hops_of_both_venues_hand_the_output_on() -> None:
    route = Route((Quote((Hop(Venue.V2, A, C), Hop(Venue.V3, C, B, 500)), 100, 90, 95),))
    assert swaps(route, 80) == [
        (0, 100, 0, (str(A), str(C)), ()),
        (1, PREVIOUS_OUTPUT, 80, (str(C), str(B)), (500,)),
    ]


@given(st.lists(st.integers(1, 10**30), min_size=1, max_size=3), st.integers(1, 10_000))
def test_the_parts_must_yield_what_is_owed_but_for_rounding(yields: list[int], bps: int) -> None:
    hops = [Hop(Venue.V3, A, B, fee) for fee in (500, 3_000, 10_000)]
    route = Route(tuple(Quote((hop,), 1, amount) for hop, amount in zip(hops, yields, strict=False)))
    owed = route.amount_out * bps // 10_000
    minima = [swap[2] for swap in swaps(route, owed)]
    assert owed - len(minima) < sum(minima) <= owed
    assert all(minimum <= amount for minimum, amount in zip(minima, yields, strict=True))


def test_more_hops_get_more_gas() -> None:
    one = Route((Quote((Hop(Venue.V2, A, B),), 1, 1),))
    two = Route((Quote((Hop(Venue.V2, A, C), Hop(Venue.V2, C, B)), 1, 1, 1),))
    assert 21_000 <= callback_gas(one) < callback_gas(two) <= 4_000_000

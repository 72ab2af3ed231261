"""Which route is chosen, from quotes alone; held to an exhaustive search and to V2's own formula."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intendly_sdk.primitives import Address

from solvers.routes import MAX_PARTS, V2_RESERVE_MAX, Hop, Quote, Venue, best_route, best_split, portions, v2_amount_out

A, B, C = (Address(bytes(19) + bytes((n,))) for n in (1, 2, 3))
V2 = Hop(Venue.V2, A, B)
LOW, MID, HIGH = (Hop(Venue.V3, A, B, fee) for fee in (500, 3_000, 10_000))
amounts = st.integers(1, 10**30)


def curve(amount_in: int, reserve_in: int, reserve_out: int, steps: int = 8) -> list[int]:
    """What a V2 pair pays for each portion."""
    return [v2_amount_out(part, reserve_in, reserve_out) for part in portions(amount_in, steps)]


def test_v2_pays_what_the_pair_pays() -> None:
    # UniswapV2Library.getAmountOut's own example in its tests.
    assert v2_amount_out(2, 100, 100) == 1
    assert v2_amount_out(10**18, 5 * 10**18, 10 * 10**18) == 1_662_497_915_624_478_906
    assert v2_amount_out(10**18, 0, 10) == v2_amount_out(0, 10, 10) == 0


def test_v2_takes_no_more_than_it_can_count() -> None:
    assert v2_amount_out(V2_RESERVE_MAX - 100, 100, 1_000) > 0
    assert v2_amount_out(V2_RESERVE_MAX - 99, 100, 1_000) == v2_amount_out(2**256 - 1, 100, 1_000) == 0


@given(amounts, amounts, amounts)
def test_v2_never_pays_more_than_its_invariant_allows(amount_in: int, reserve_in: int, reserve_out: int) -> None:
    amount_out = v2_amount_out(amount_in, reserve_in, reserve_out)
    after = ((reserve_in + amount_in) * 1_000 - amount_in * 3) * (reserve_out - amount_out)
    assert after >= reserve_in * reserve_out * 1_000


@given(amounts, st.integers(1, 20))
def test_portions_end_with_all_of_it(amount: int, steps: int) -> None:
    found = portions(amount, steps)
    assert len(found) == steps
    assert found == sorted(found)
    assert found[-1] == amount


def test_a_single_pool_is_taken_whole() -> None:
    route = best_split(1_000, {V2: [10, 20, 30, 40]})
    assert route is not None
    assert route.parts == (Quote((V2,), 1_000, 40),)


def test_the_better_of_two_pools_is_taken() -> None:
    route = best_split(1_000, {V2: [10, 10, 10, 40], LOW: [10, 11, 12, 41]})
    assert route is not None
    assert [part.hops for part in route.parts] == [(LOW,)]


def test_two_equal_pools_share_the_input() -> None:
    amount = 10**21
    same = curve(amount, 10**22, 10**22)
    route = best_split(amount, {V2: same, LOW: same})
    assert route is not None
    assert sorted(part.amount_in for part in route.parts) == [amount // 2, amount // 2]
    assert route.amount_out == 2 * same[3] > same[7]


def test_a_split_that_gains_nothing_is_not_taken() -> None:
    route = best_split(100, {V2: [25, 50, 75, 100], LOW: [25, 50, 75, 100]})
    assert route is not None
    assert len(route.parts) == 1


def test_no_pool_that_pays_means_no_route() -> None:
    assert best_split(100, {}) is None
    assert best_split(100, {V2: [0, 0, 0, 0]}) is None
    assert best_route(100, {}, [Quote((V2, V2), 100, 0, 5)]) is None


def test_two_hops_win_when_they_yield_more_and_lose_a_tie() -> None:
    over = (Hop(Venue.V2, A, C), Hop(Venue.V3, C, B, 500))
    better = best_route(100, {V2: [1, 2, 3, 4]}, [Quote(over, 100, 5, 7)])
    assert better is not None
    assert better.inputs() == {over[0]: 100, over[1]: 7}
    tie = best_route(100, {V2: [1, 2, 3, 4]}, [Quote(over, 100, 4, 7)])
    assert tie is not None
    assert tie.inputs() == {V2: 100}


_curves = st.lists(st.integers(0, 1_000), min_size=4, max_size=4).map(sorted)


@settings(max_examples=200)
@given(st.integers(4, 10**30), st.lists(_curves, min_size=1, max_size=4))
def test_no_division_on_the_grid_is_better(amount_in: int, found: list[list[int]]) -> None:
    curves = dict(zip((V2, LOW, MID, HIGH), found, strict=False))
    every = (
        sum(c[k - 1] for c, k in zip(found, ks, strict=True) if k)
        for ks in product(range(5), repeat=len(found))
        if sum(ks) == 4
        and sum(k > 0 for k in ks) <= MAX_PARTS
        and all(c[k - 1] > 0 for c, k in zip(found, ks, strict=True) if k)
    )
    best = max(every, default=0)
    route = best_split(amount_in, curves)
    assert (route.amount_out if route else 0) == best
    if route is not None:
        assert sum(part.amount_in for part in route.parts) == amount_in
        assert len(route.inputs()) == len(route.parts) <= MAX_PARTS, "each pool once"


@pytest.mark.parametrize("amount_in", [1, 3, 7])
def test_an_amount_smaller_than_the_grid_is_not_lost(amount_in: int) -> None:
    route = best_split(amount_in, {V2: curve(amount_in, 10**6, 10**9), LOW: curve(amount_in, 10**6, 10**9)})
    assert route is not None
    assert sum(part.amount_in for part in route.parts) == amount_in

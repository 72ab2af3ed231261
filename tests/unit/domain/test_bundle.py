"""How many bundles one transaction takes, and with how much gas."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intendly.domain.bundle import BundleCost, first_batch, gas_limit


def _cost(usual: int, more: int, size: int) -> BundleCost:
    return BundleCost(usual, usual + more, size)


SMALL = st.integers(30_000, 1_000_000)
COSTS = st.lists(st.builds(_cost, SMALL, SMALL, st.integers(600, 90_000)), min_size=1, max_size=40)


@given(COSTS, st.integers(1, 16_777_216), st.integers(1, 500_000), st.integers(1, 20))
def test_a_batch_fits_and_could_not_be_longer(
    costs: list[BundleCost], most_gas: int, most_bytes: int, most_bundles: int
) -> None:
    def fits(count: int) -> bool:
        return gas_limit(costs[:count]) <= most_gas and sum(one.size for one in costs[:count]) <= most_bytes

    count = first_batch(costs, most_gas, most_bytes, most_bundles)
    assert 1 <= count <= min(len(costs), most_bundles)
    assert count == 1 or fits(count)
    assert not any(map(fits, range(count + 1, min(len(costs), most_bundles) + 1)))


@given(COSTS, st.data())
def test_one_that_uses_all_it_may_takes_nothing_from_the_others(costs: list[BundleCost], data: st.DataObject) -> None:
    """Before each bundle the whole of its frame is there, as Settlement asks for it."""
    greedy = data.draw(st.integers(0, len(costs) - 1))
    left = gas_limit(costs)
    for place, one in enumerate(costs):
        assert left >= one.whole, place
        left -= one.whole if place == greedy else one.usual
    assert left >= 0


@given(COSTS)
def test_no_batch_is_given_more_than_all_may_use(costs: list[BundleCost]) -> None:
    assert gas_limit(costs) <= sum(one.whole for one in costs)

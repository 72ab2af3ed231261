"""How many bundles one transaction takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intendly.domain.bundle import first_batch


@given(st.lists(st.integers(1, 2_000_000), min_size=1, max_size=40), st.integers(1, 16_777_216), st.integers(1, 20))
def test_a_batch_fits_and_could_not_be_longer(gas: list[int], most_gas: int, most_bundles: int) -> None:
    count = first_batch(gas, most_gas, most_bundles)
    assert 1 <= count <= min(len(gas), most_bundles)
    assert count == 1 or sum(gas[:count]) <= most_gas
    assert count in (len(gas), most_bundles) or sum(gas[: count + 1]) > most_gas

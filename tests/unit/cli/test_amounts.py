"""Amounts as people write them: exact, or refused."""

from __future__ import annotations

import pytest

from cli.amounts import shown, smallest_units


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [("1.5", 6, 1_500_000), ("1e3", 6, 10**9), ("0.00000001", 8, 1), ("123456789.123456789123456789", 18, None)],
)
def test_an_amount_is_exact(text: str, decimals: int, units: int | None) -> None:
    assert smallest_units(text, decimals) == (units or 123456789123456789123456789)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "NaN", "Infinity", "1.0000001", "1e40"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        smallest_units(text, 6)


def test_it_is_shown_in_whole_tokens() -> None:
    assert shown(1_234_500_000, 6) == "1,234.5"
    assert shown(10**18, 18) == "1"

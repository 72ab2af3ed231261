"""What a trade is asked to be: taken exactly, or refused by the option's name."""

from __future__ import annotations

import pytest

from cli.amounts import exact, of_address, smallest_units
from cli.options import OptionError
from cli.terms import amount_of, basis_points, pair_named, seconds, span, token_named
from tests.unit.sdk import samples

TOKENS = (samples.WETH, samples.USDC)


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400)])
def test_a_time(text: str, expected: int) -> None:
    assert seconds("--ttl", text) == expected


@pytest.mark.parametrize("text", ["", "10", "0m", "-1m", "1.5h", "10 m", "1w", "10m5s", "1\n0m", "\uff11m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="--ttl: expected a time such as 90s, 10m, 2h or 1d, got"):
        seconds("--ttl", text)


@pytest.mark.parametrize(
    ("text", "bps"), [("50bps", 50), ("0bps", 0), ("0.5%", 50), ("1%", 100), ("50%", 5_000), ("0.29%", 29)]
)
def test_a_share(text: str, bps: int) -> None:
    assert basis_points("--slippage", text) == bps


@pytest.mark.parametrize("text", ["", "50", "0.5", "-1bps", "0.005%", "5001bps", "51%", "1.5bps"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="--slippage: expected"):
        basis_points("--slippage", text)


@pytest.mark.parametrize("text", ["200%", "0.005%", "5001bps"])
def test_a_share_that_is_refused_is_told_the_range_and_the_rule(text: str) -> None:
    expected = rf"--slippage: expected whole basis points from 0bps to 5000bps \(50%\), as 50bps or 0.5%, got {text}"
    with pytest.raises(OptionError, match=f"^{expected}$"):
        basis_points("--slippage", text)


@pytest.mark.parametrize("text", ["90s", "10m", "2h", "30d", "1d"])
def test_a_time_is_told_in_its_longest_unit(text: str) -> None:
    assert span(seconds("--ttl", text)) == {"90s": "90s"}.get(text, text)


def test_a_token_is_not_sold_for_itself() -> None:
    assert pair_named("WETH", "usdc", TOKENS) == TOKENS
    with pytest.raises(OptionError, match=r"^--for: expected another token than that of --sell, got weth$"):
        pair_named("WETH", "weth", TOKENS)


def test_a_token_by_symbol_or_address() -> None:
    assert token_named("--for", "usdc", TOKENS) == samples.USDC
    assert token_named("--for", str(samples.USDC.address), TOKENS) == samples.USDC
    assert token_named("--for", samples.USDC.address.checksum, TOKENS) == samples.USDC
    with pytest.raises(OptionError, match="--for: expected one of WETH, USDC, got DAI"):
        token_named("--for", "DAI", TOKENS)
    with pytest.raises(OptionError, match="--for: 2 tokens are called USDC; give the address"):
        token_named("--for", "USDC", [samples.USDC, samples.WETH.model_copy(update={"symbol": "USDC"})])


def test_an_amount_finer_than_the_token_is_refused() -> None:
    assert amount_of("--min", "990.000001", samples.USDC) == 990_000_001
    with pytest.raises(
        OptionError, match=r"--min: expected at most 6 digits behind the point \(of USDC\), got 0.0000001"
    ):
        amount_of("--min", "0.0000001", samples.USDC)


@pytest.mark.parametrize("units", [1, 10**17, 10**18, 123_456_789_000_000_000_000_000_001])
def test_what_is_shown_exactly_reads_back(units: int) -> None:
    assert smallest_units(exact(units, 18), 18) == units
    assert "," not in exact(units, 18)


def test_an_amount_of_a_token_that_is_not_listed_is_told_in_smallest_units() -> None:
    assert of_address(1_500_000, samples.USDC.address, TOKENS) == "1.5 USDC"
    assert of_address(7, samples.EXECUTOR, TOKENS) == f"7 smallest units of {samples.EXECUTOR.checksum}"

"""Amounts as people write them: exact, or refused."""

from __future__ import annotations

import pytest

from cli.amounts import in_tokens, shown, smallest_units
from intendly.domain.reasons import Reason, words
from tests.unit.sdk import samples


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [("1.5", 6, 1_500_000), ("0010", 6, 10**7), ("0.00000001", 8, 1), ("123456789.123456789123456789", 18, None)],
)
def test_an_amount_is_exact(text: str, decimals: int, units: int | None) -> None:
    assert smallest_units(text, decimals) == (units or 123456789123456789123456789)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0",
        "-1",
        "NaN",
        "Infinity",
        "1.0000001",
        "1e40",
        "1e3",
        "1_0",
        "+1",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1,5",
        "\uff11",
        "\u0661",
        "1\n",
        "9" * 99,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        smallest_units(text, 6)


def test_it_is_shown_in_whole_tokens() -> None:
    assert shown(1_234_500_000, 6) == "1,234.5"
    assert shown(10**18, 18) == "1"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "The best bid was 129793494, below the signed minimum of 99999000000.",
            "The best bid was 129.793494 USDC, below the signed minimum of 99999 USDC.",
        ),
        ("below the signed minimum of 1500000", "below the signed minimum of 1.5 USDC"),
        (
            "the swapper holds 41555555555555555555 of token_in, 2000000000000000000 less than amount_in",
            "the swapper holds 41.555555555555555555 WETH, 2 WETH less than amount_in",
        ),
        (
            "Permit2 may take 0 of the swapper's token_in, 1000000000000000000 less than amount_in",
            "Permit2 may take 0 WETH of the swapper's token_in, 1 WETH less than amount_in",
        ),
        (
            "The swapper holds 5 of the 1000000000000000000 that the intent sells.",
            "The swapper holds 0.000000000000000005 WETH of the 1 WETH that the intent sells.",
        ),
        (
            "Of the 2000000000000000000 that Permit2 may take of the swapper, fills under way take "
            "1000000000000000000; this intent sells 1000000000000000000.",
            "Of the 2 WETH that Permit2 may take of the swapper, fills under way take 1 WETH; "
            "this intent sells 1 WETH.",
        ),
        ("No solver bid for this intent.", "No solver bid for this intent."),
        ("The winner failed to fill (step 2); it is left out.", "The winner failed to fill (step 2); it is left out."),
    ],
)
def test_what_the_venue_says_is_told_in_whole_tokens(said: str, told: str) -> None:
    assert in_tokens(said, samples.WETH, samples.USDC) == told
    assert in_tokens(said, None, None) == said


@pytest.mark.parametrize("reason", [Reason.BELOW_MINIMUM, Reason.BALANCE_MISSING, Reason.BALANCE_IN_USE])
def test_the_venues_own_words_are_known(reason: Reason) -> None:
    facts = dict.fromkeys(("best_amount_out", "min_amount_out", "balance", "amount_in", "available", "taken"), "7" * 24)
    assert "7" * 24 not in in_tokens(words(reason, facts), samples.WETH, samples.USDC)

"""What to do about a settlement that was sent, by values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.settlement import (
    MOST_ATTEMPTS,
    STUCK_AFTER_S,
    Attempt,
    Fees,
    Receipt,
    Settlement,
    Verdict,
    judge,
)


def _settlement(ages: list[float], nonce: int = 7) -> Settlement:
    attempts = tuple(
        Attempt(n, Hash32(bytes(32)), HexBytes(), Fees(100, 1), age) for n, age in enumerate(ages, start=1)
    )
    return Settlement(1, Address(bytes(20)), nonce, "broadcast", HexBytes(), 1, attempts)


def _receipt(block: int, *, succeeded: bool = True) -> Receipt:
    return Receipt(Hash32(bytes(32)), block, Hash32(bytes(32)), succeeded)


@pytest.mark.parametrize(
    ("receipt", "final_block", "final_nonce", "age_s", "verdict"),
    [
        (_receipt(10), 9, 7, 1, Verdict.MINED),
        (_receipt(10), 10, 8, 1, Verdict.FINAL),
        (_receipt(10, succeeded=False), 9, 7, 1, Verdict.MINED),
        (_receipt(10, succeeded=False), 10, 8, 1, Verdict.FAILED),
        (None, 10, 7, 1, Verdict.WAITING),
        (None, 10, 7, STUCK_AFTER_S + 1, Verdict.STUCK),
        (None, 10, 8, STUCK_AFTER_S + 1, Verdict.REPLACED),
    ],
)
def test_verdict(receipt: Receipt | None, final_block: int, final_nonce: int, age_s: float, verdict: Verdict) -> None:
    assert judge(_settlement([age_s]), receipt, final_block, final_nonce) is verdict


def test_only_the_newest_attempt_counts_as_stuck() -> None:
    assert judge(_settlement([60, 1]), None, 0, 0) is Verdict.WAITING


def test_a_settlement_that_was_never_signed_waits() -> None:
    assert judge(_settlement([]), None, 0, 0) is Verdict.WAITING


def test_bumping_ends() -> None:
    assert judge(_settlement([60.0] * (MOST_ATTEMPTS - 1)), None, 0, 0) is Verdict.STUCK
    assert judge(_settlement([60.0] * MOST_ATTEMPTS), None, 0, 0) is Verdict.WAITING


@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 10**15))
def test_a_bump_is_one_that_nodes_take(max_fee: int, priority: int, suggested: int) -> None:
    old = Fees(max_fee, priority)
    new = old.bumped(Fees(suggested, suggested))
    for before, after in ((old.max_fee, new.max_fee), (old.max_priority_fee, new.max_priority_fee)):
        assert after * 1_000 >= before * 1_125
        assert after >= suggested

"""Windows in memory: what they let through, what they learn from Redis, and that they stay small."""

from __future__ import annotations

from intendly.adapters import budgets
from intendly.adapters.budgets import Budget, Charge, LocalWindows


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


BUDGET = Budget.of("address_reads", "3/minute")
CHARGE = Charge(BUDGET, "198.51.100.1")


def test_a_rate_is_read_and_widened() -> None:
    assert (BUDGET.most, BUDGET.period_s) == (3, 60)
    wide = Budget.of("address_writes", "100/15minutes", times=5)
    assert (wide.most, wide.period_s) == (500, 900)


def test_a_window_begins_with_the_first_and_ends_for_all() -> None:
    clock = Clock()
    windows = LocalWindows(clock)
    assert [windows.take(CHARGE).is_over for _ in range(4)] == [False, False, False, True]
    clock.now += 59
    assert windows.take(CHARGE).ends_in_s == 1
    assert not windows.take(Charge(BUDGET, "198.51.100.2")).is_over
    clock.now += 1
    standing = windows.take(CHARGE)
    assert (standing.used, standing.left, standing.ends_in_s) == (1, 2, 60)


def test_what_others_used_is_learned_and_what_is_under_way_is_not_forgotten() -> None:
    clock = Clock()
    windows = LocalWindows(clock)
    windows.take(CHARGE)
    assert windows.learn(CHARGE, 3, 60).left == 0
    assert windows.take(CHARGE).is_over
    windows = LocalWindows(clock)
    for _ in range(3):
        windows.take(CHARGE)  # three at once; Redis has heard of one
    assert windows.learn(CHARGE, 1, 60).used == 3


def test_a_new_window_of_redis_does_not_begin_with_the_use_of_the_last() -> None:
    clock = Clock()
    windows = LocalWindows(clock)
    windows.learn(CHARGE, 2, 0.5)
    clock.now += 0.25
    windows.take(CHARGE)
    assert windows.learn(CHARGE, 1, 60).used == 1


def test_what_is_given_back_is_there_again() -> None:
    windows = LocalWindows(Clock())
    for _ in range(3):
        windows.take(CHARGE)
    assert windows.take(Charge(BUDGET, CHARGE.who, cost=-1)).left == 1
    assert windows.learn(Charge(BUDGET, CHARGE.who, cost=-1), 1, 60).left == 2


def test_it_stays_small_and_forgets_the_oldest() -> None:
    clock = Clock()
    windows = LocalWindows(clock)
    for number in range(budgets._MOST_WINDOWS + 10):
        windows.take(Charge(BUDGET, str(number)))
    assert len(windows._windows) <= budgets._MOST_WINDOWS
    last = Charge(BUDGET, str(budgets._MOST_WINDOWS))
    assert windows.take(last).used == 2
    clock.now += 61
    for number in range(budgets._MOST_WINDOWS):
        windows.take(Charge(BUDGET, f"new {number}"))
    assert len(windows._windows) <= budgets._MOST_WINDOWS

"""When a child of ours is taken to hang."""

from __future__ import annotations

from cli.liveness import HANGS_AFTER, STARTS_WITHIN, Silence


def checks(silence: Silence, count: int, *, answered: bool = False, took_s: float = 5.0) -> list[bool]:
    return [silence.hangs(answered=answered, took_s=took_s) for _ in range(count)]


def test_three_checks_in_a_row_without_an_answer_are_a_hang() -> None:
    silence = Silence(5.0)
    checks(silence, 1, answered=True)
    assert checks(silence, HANGS_AFTER - 1) == [False, False]
    checks(silence, 1, answered=True)
    assert checks(silence, HANGS_AFTER) == [False, False, True]


def test_before_its_first_answer_it_has_longer() -> None:
    silence = Silence(5.0)
    assert not any(checks(silence, STARTS_WITHIN - 1))
    assert checks(silence, 1) == [True]


def test_a_check_that_came_late_tells_of_us_and_not_of_the_child() -> None:
    silence = Silence(5.0)
    checks(silence, 1, answered=True)
    assert not any(checks(silence, 10, took_s=11.0))
    checks(silence, HANGS_AFTER - 1)
    assert checks(silence, 1, took_s=3_600.0) == [False]
    assert checks(silence, HANGS_AFTER) == [False, False, True]

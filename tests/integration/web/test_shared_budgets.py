"""What several processes count together, and how many round trips that costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from redis import Redis

from intendly.adapters.budgets import Budget, Budgets, Charge

pytestmark = pytest.mark.integration

CHARGE = Charge(Budget.of("address_reads", "100/minute"), "198.51.100.1")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with closing(Redis.from_url(redis_url)) as one:
        yield one


def used(redis_url: str, charge: Charge = CHARGE) -> int:
    """What another process finds."""
    with closing(Budgets(redis_url)) as another:
        ((count, _),) = another._shared.take([Charge(charge.budget, charge.who, cost=0)])
        return count


def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_what_is_counted_is_told_soon_and_together(redis_url: str) -> None:
    other = Charge(CHARGE.budget, "198.51.100.2")
    with closing(Budgets(redis_url)) as budgets:
        assert budgets.take([CHARGE])[0].used == 1
        assert [budgets.count(CHARGE).used for _ in range(3)] == [2, 3, 4]
        assert budgets.look(CHARGE).used == 4
        eventually(lambda: used(redis_url) == 4)
        assert [budgets.count(CHARGE).used for _ in range(2)] == [5, 6]
        assert [one.used for one in budgets.take([other])] == [1]
        assert used(redis_url) == 6, "told along with the question"


def test_a_question_counts_what_every_process_took(redis_url: str) -> None:
    with closing(Budgets(redis_url)) as one, closing(Budgets(redis_url)) as another:
        assert [budgets.take([CHARGE])[0].used for budgets in (one, another, one, another)] == [1, 2, 3, 4]


def test_questions_that_come_together_are_one_round_trip(
    redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waits for Redis; meanwhile the others come, and are asked at once."""
    sizes: list[int] = []
    with closing(Budgets(redis_url)) as budgets:
        ask_redis = budgets._shared.take

        def seen(charges: Sequence[Charge]) -> list[tuple[int, float]]:
            sizes.append(len(charges))
            return ask_redis(charges)

        monkeypatch.setattr(budgets._shared, "take", seen)
        redis.client_pause(150)
        with ThreadPoolExecutor(24) as pool:
            charges = [Charge(CHARGE.budget, f"203.0.113.{number % 8}") for number in range(24)]
            told = list(pool.map(lambda charge: budgets.take([charge])[0].used, charges))
    assert sorted(told) == [1] * 8 + [2] * 8 + [3] * 8
    assert sum(sizes) == 24
    assert len(sizes) <= 4

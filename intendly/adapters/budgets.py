"""Budgets in fixed windows: how much one may still ask for, counted in Redis for all processes together.

A window begins with the first request of its period. Where Redis does not answer, each process counts for itself
until it does again. What is found in Redis is remembered here too, so who is known to be over is refused without it.
What needs no answer is counted here, and told to Redis along with the next question, or a little later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import limits
import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from intendly.adapters.breaker import Breaker
from intendly.adapters.errand import Errand
from intendly.adapters.group import Group
from intendly.adapters.observability.health import Check, Facts, PartDown

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 0.25
"""How long one exchange with Redis may take."""
TELL_EVERY_S: Final = 0.1
"""How long what was counted here may be unknown to the other processes."""
_MOST_KEYS: Final = 1_000
_MOST_WINDOWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Budget:
    """`most` requests in `period_s` seconds, for each of whom it holds."""

    name: str
    most: int
    period_s: int

    @classmethod
    def of(cls, name: str, rate: str, *, times: int = 1) -> Budget:
        """From a rate as the settings have it, 10/minute, `times` as wide."""
        item = limits.parse(rate)
        return cls(name, item.amount * times, item.get_expiry())


class Charge:
    """`cost` of the budget, taken of `who`; a negative cost gives back. `key` names the window."""

    __slots__ = ("budget", "cost", "key", "who")

    def __init__(self, budget: Budget, who: str, cost: int = 1) -> None:
        self.budget = budget
        self.who = who
        self.cost = cost
        self.key = f"{budget.name}/{budget.most}/{budget.period_s}/{who}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands after a charge: `used` in a window that ends in `ends_in_s` seconds."""

    charge: Charge
    used: int
    ends_in_s: float

    @property
    def is_over(self) -> bool:
        return self.used > self.charge.budget.most

    @property
    def left(self) -> int:
        return max(0, self.charge.budget.most - self.used)


class LocalWindows:
    """Windows in this process's memory: what it counted, and what it learned of others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, float]] = {}

    def take(self, charge: Charge) -> Standing:
        used, ends_at = self._known(charge)
        return self._keep(charge, used + charge.cost, ends_at)

    def look(self, charge: Charge) -> Standing:
        """How it stands; nothing is taken."""
        used, ends_at = self._known(charge)
        return Standing(charge, used, ends_at - self._clock())

    def learn(self, charge: Charge, used: int, ends_in_s: float) -> Standing:
        """The window as Redis has it, this charge counted. What is under way from here is not in it yet."""
        ends_at = self._clock() + ends_in_s
        known, known_end = self._known(charge)
        if charge.cost > 0 and abs(ends_at - known_end) <= TIMEOUT_S:  # the same window
            used = max(used, known)
        return self._keep(charge, used, ends_at)

    def _known(self, charge: Charge) -> tuple[int, float]:
        now = self._clock()
        used, ends_at = self._windows.get(charge.key, (0, 0.0))
        return (used, ends_at) if now < ends_at else (0, now + charge.budget.period_s)

    def _keep(self, charge: Charge, used: int, ends_at: float) -> Standing:
        if charge.key not in self._windows and len(self._windows) >= _MOST_WINDOWS:
            self._forget()
        self._windows[charge.key] = (used, ends_at)
        return Standing(charge, used, ends_at - self._clock())

    def _forget(self) -> None:
        """What has ended; where nothing has, the older half."""
        now = self._clock()
        kept = {key: window for key, window in self._windows.items() if now < window[1]}
        self._windows = kept if len(kept) < _MOST_WINDOWS else dict(list(kept.items())[_MOST_WINDOWS // 2 :])


# A window that is begun by this is given its end. Answers what is used and the milliseconds to the end, of each key.
_TAKE: Final = """
    local told = {}
    for i, key in ipairs(KEYS) do
        local used = redis.call('INCRBY', key, ARGV[2 * i])
        local left = redis.call('PTTL', key)
        if left < 0 then
            left = 1000 * ARGV[2 * i - 1]
            redis.call('PEXPIRE', key, left)
        end
        told[2 * i - 1] = used
        told[2 * i] = left
    end
    return told
"""


class _SharedWindows:
    """Windows in Redis, many in one round trip. Connects at first use."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._script = self._redis.register_script(_TAKE)

    def take(self, charges: Sequence[Charge]) -> list[tuple[int, float]]:
        """What is used and the seconds to the window's end, for each charge. Raises `RedisError`."""
        told: list[int] = []
        for first in range(0, len(charges), _MOST_KEYS):
            some = charges[first : first + _MOST_KEYS]
            keys = [f"budget/{charge.key}" for charge in some]
            told += self._script(keys, [part for charge in some for part in (charge.budget.period_s, charge.cost)])
        return [(used, ms / 1000) for used, ms in zip(told[::2], told[1::2], strict=True)]

    def answers(self) -> bool:
        """Whether Redis does."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        self._redis.close()


class Budgets:
    """The budgets of one process. Connects at first use, so make it after a fork. Safe in threads and greenlets."""

    def __init__(self, redis_url: str) -> None:
        self._shared = _SharedWindows(redis_url)
        self._local = LocalWindows()
        self._guard = threading.Lock()
        self._untold: dict[str, Charge] = {}
        self._group: Group[Sequence[Charge], list[Standing]] = Group(self._take)
        self._telling = Errand(self._tell, name="budgets", every_s=TELL_EVERY_S)
        self._breaker = Breaker(open_s=5.0, trial_s=2.0)

    def count(self, charge: Charge) -> Standing:
        """By what this process knows; the others hear of it soon."""
        with self._guard:
            standing = self._local.take(charge)
            before = self._untold.get(charge.key)
            cost = charge.cost + (0 if before is None else before.cost)
            self._untold[charge.key] = Charge(charge.budget, charge.who, cost)
        self._telling.ask()
        return standing

    def look(self, charge: Charge) -> Standing:
        """How a budget stands, by what this process knows; nothing is taken."""
        return self._local.look(charge)

    def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Take each, for all processes, in one round trip with those of other requests. Never raises."""
        (standings,) = self._group.get([charges])
        return standings

    def _tell(self) -> None:
        if self._untold:
            self._group.submit([()])

    def _take(self, asked: Sequence[Sequence[Charge]]) -> list[list[Standing]]:
        """What several asked for, and all that was counted."""
        with self._guard:
            untold, self._untold = list(self._untold.values()), {}
        found = iter(self._exchange([*untold, *chain.from_iterable(asked)], counted=len(untold)))
        for _ in untold:
            next(found)
        return [[next(found) for _ in charges] for charges in asked]

    def _exchange(self, charges: Sequence[Charge], counted: int) -> list[Standing]:
        """With Redis, or where it does not answer with this process's own windows, which have the first `counted`."""
        if charges and self._breaker.allows():
            try:
                found = self._shared.take(charges)
            except (RedisError, OSError) as error:
                if self._breaker.failed():
                    log.warning("budgets_local", error=type(error).__name__, detail=str(error)[:200])
            else:
                self._breaker.succeeded()
                return [self._local.learn(charge, *window) for charge, window in zip(charges, found, strict=True)]
        return [self.look(charge) for charge in charges[:counted]] + [
            self._local.take(charge) for charge in charges[counted:]
        ]

    def check(self) -> Check:
        """Where the budgets are kept. Not required: without Redis each process goes on with windows of its own."""

        def probe() -> Facts:
            if not self._shared.answers():
                raise PartDown("local: Redis does not answer, so each process counts for itself")
            self._breaker.succeeded()
            return {"kept": "redis"}

        return Check("limits", probe, required=False)

    def close(self) -> None:
        """Tell what was counted and close the connections; the next use makes new ones."""
        self._telling.close()
        self._shared.close()

"""Nudges over Celery's broker: "look for due work now", coalesced, and never a burden to who sends them.

Each is sent at once, without countdown or ETA. While a nudge for a task waits in its queue, further ones are dropped:
a key in Redis says so, which the task deletes before it queries, so that a change committed after the query is
nudged anew. The key has a short life of its own; and beat sweeps anyway (design: The rule that everything follows).

A venue with much to do is left to beat, whose ticks then take several rows each: nudges would have it do the same by
more and smaller ones. That beat is there shows by the mark that each tick leaves. What was left to it is looked after
until the next tick of that task has begun; where none does, it is nudged for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any, Final

import structlog
from celery import Celery
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from intendly.adapters.breaker import Breaker
from intendly.adapters.errand import Errand
from intendly.adapters.queue import TASK_QUEUES, celery_settings

log = structlog.get_logger(__name__)

COALESCE_MS: Final = 1_000
"""How long a nudge that was lost with its message can hold back the next."""
EXPIRES_S: Final = 10
"""A nudge that waited longer than this is dropped: sweeps did its work."""
SEND_EVERY_S: Final = 0.005
"""One process sends nudges no more often; the first after a pause goes at once."""
BUSY_ROWS: Final = 100
"""Rows that became due within a second, of all tasks together, beyond which they are left to beat: an intent is due for
three or four, so it is as much as 25 to 30 intents."""
BUSY_SEND_EVERY_S: Final = 0.05
"""How often one process looks whether a busy venue is still ticked."""
TICKED_MS: Final = 600
"""How long the mark of a tick stays: longer than beat's period for whatever is nudged."""
_COUNTED_S: Final = 3
"""How long the rows of a second are remembered."""
TIMEOUT_S: Final = 0.25
"""How long one exchange with Redis may take."""


class CeleryNudges:
    """Nudges for one process. Connects at first use, so make it after a fork. Safe in threads and greenlets.

    They are sent behind the caller, who waits for no broker; those that are wanted meanwhile go together. Never call
    it inside a database transaction, whose change the woken task would not see.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._breaker = Breaker(open_s=5.0, trial_s=2.0)
        self._guard = threading.Lock()  # of what follows
        self._wanted: dict[str, int] = {}
        self._at_once: set[str] = set()
        self._left: dict[str, bytes] = {}
        """What was left to beat, and the mark of the last tick before that."""
        self._closing = False
        self._sending = Errand(self._send, name="nudges", every_s=SEND_EVERY_S)

    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        """Tell the workers of `task`, a name of `TASK_QUEUES`, that `work` rows became due. Never raises.

        `at_once`: a tick could not take all, so that the next is to follow, however busy the venue is.
        """
        with self._guard:
            self._wanted[task] = self._wanted.get(task, 0) + work
            if at_once:
                self._at_once.add(task)
        self._sending.ask()

    def _send(self) -> None:
        with self._guard:
            wanted, self._wanted = self._wanted, {}
            at_once, self._at_once = self._at_once, set()
        if not (wanted or self._left) or not self._breaker.allows():
            return
        try:
            for task in self._to_send(wanted, at_once):
                self._celery.send_task(task, queue=TASK_QUEUES[task], expires=EXPIRES_S, retry=False)
        except Exception as error:  # noqa: BLE001  whatever the broker does, the sweep finds the work
            self._failed(error)
        else:
            self._breaker.succeeded()

    def taken(self, task: str) -> None:
        """`task` is about to query: a change committed from now on needs a nudge of its own. Never raises."""
        if not self._breaker.allows():
            return
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.delete(_waiting(task))
            pipeline.set(_tick(task), os.urandom(8), px=TICKED_MS)
            pipeline.execute()
        except Exception as error:  # noqa: BLE001  the keys die by themselves
            self._failed(error)
        else:
            self._breaker.succeeded()

    def close(self) -> None:
        """Send what is wanted and close the connections; the next use makes new ones."""
        self._closing = True
        self._sending.close()
        self._closing = False
        for name in ("_redis", "_celery"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()

    def _to_send(self, wanted: Mapping[str, int], at_once: Set[str]) -> list[str]:
        """Of these, and of what was left to beat, what is to be nudged for now. Counts the rows."""
        second, rows = int(time.time()), sum(wanted.values())
        tasks = {**wanted, **self._left}
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.get(_due(second - 1))
        pipeline.set(_due(second), 0, nx=True, ex=_COUNTED_S)  # first, so that no count stays for good
        pipeline.incrby(_due(second), rows)
        for task in tasks:
            pipeline.get(_tick(task))
        before, _, now, *ticks = pipeline.execute()
        busy = max(int(before or 0), now - rows) > BUSY_ROWS
        asked, left = list[str](), dict[str, bytes]()
        for task, tick in zip(tasks, ticks, strict=True):
            if task not in wanted and tick not in (None, self._left[task]):
                continue  # ticked since it was left
            if busy and tick is not None and task not in at_once:
                left[task] = tick
            else:
                asked.append(task)
        self._left = left
        self._sending.every_s = BUSY_SEND_EVERY_S if busy else SEND_EVERY_S
        if left and not self._closing:
            self._sending.ask()
        return self._unsent(asked) if asked else []

    def _unsent(self, tasks: Sequence[str]) -> list[str]:
        """Those that no nudge waits for; from now on one does."""
        pipeline = self._redis.pipeline(transaction=False)
        for task in tasks:
            pipeline.set(_waiting(task), b"1", nx=True, px=COALESCE_MS)
        return [task for task, is_first in zip(tasks, pipeline.execute(), strict=True) if is_first]

    def _failed(self, error: Exception) -> None:
        if self._breaker.failed():
            log.warning("nudges_paused", error=type(error).__name__, detail=str(error)[:200])

    @cached_property
    def _redis(self) -> Redis:
        return Redis.from_url(
            self._redis_url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )

    @cached_property
    def _celery(self) -> Celery:
        """A sender: the workers' settings with shorter time-outs. Not the current app of this process."""
        config: dict[str, Any] = celery_settings(self._redis_url)
        config["broker_transport_options"] |= {
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "max_retries": 0,  # of the connection: kombu's own, which `retry=False` leaves on
        }
        sender = Celery("intendly-nudges", set_as_current=False, autofinalize=True)
        sender.conf.update(config)
        return sender


def _waiting(task: str) -> str:
    return f"nudge:{task}"


def _tick(task: str) -> str:
    return f"tick:{task}"


def _due(second: int) -> str:
    return f"due:{second}"

"""What every task of the pipeline shares, so that a task's body is one call of one service.

    @pipeline_task("auctions.close", AuctionsVenue)
    def close(venue: AuctionsVenue) -> int:
        return venue.close_auctions.run()

A message says nothing more; a task returns how much it did. Its queue and time limits come from
`intendly.adapters.queue`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from celery import Task, shared_task

from intendly.adapters.queue import HARD_TIME_LIMIT_S, SOFT_TIME_LIMIT_S, TASK_QUEUES
from intendly.bootstrap.base import BaseVenue
from intendly.settings import load_settings

if TYPE_CHECKING:
    BaseTask = Task[[], int]
else:
    BaseTask = Task

log = structlog.get_logger(__name__)
Kind = TypeVar("Kind", bound=BaseVenue)
_venues: dict[tuple[int, type[BaseVenue]], BaseVenue] = {}


def venue(kind: type[Kind]) -> Kind:
    """This process's venue of that kind, made at first use: after the fork, so that no socket is its parent's."""
    pid = os.getpid()
    made = _venues.get((pid, kind))
    if not isinstance(made, kind):
        made = _venues[pid, kind] = kind(load_settings(), process=f"worker {pid}")
    return made


class PipelineTask(BaseTask):
    """Binds the log's context, tells what was done and what failed."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True
    max_retries = 0
    time_limit = HARD_TIME_LIMIT_S
    soft_time_limit = SOFT_TIME_LIMIT_S
    typing = True

    def __call__(self, *args: Any, **kwargs: Any) -> int:
        """Run the body once. An exception is logged here and ends the message: the next tick tries again."""
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(task=self.name, task_id=self.request.id):
            try:
                done: int = self.run(*args, **kwargs)
            except Exception:
                log.exception("task_failed", took_ms=_ms_since(began))
                raise
            if done:
                log.info("task_done", done=done, took_ms=_ms_since(began))
            return done


def pipeline_task(
    name: str, kind: type[Kind], *, limit_s: int = HARD_TIME_LIMIT_S, tells: bool = True
) -> Callable[[Callable[[Kind], int]], BaseTask]:
    """Register a task under `name`, which must have a queue in `TASK_QUEUES`. After `limit_s` seconds it is killed.

    The nudge is cleared before the body, with its process's venue of `kind`, queries. What the body committed is told
    at once, unless it returns 0 or `tells` of nothing.
    """
    if name not in TASK_QUEUES:
        raise ValueError(f"{name} has no queue")

    def register(body: Callable[[Kind], int]) -> BaseTask:
        def run() -> int:
            at = venue(kind)
            at.nudges.taken(name)
            done = 1
            try:
                done = body(at)
            finally:
                if done and tells:
                    _tell(at)
            return done

        task: BaseTask = shared_task(
            name=name, base=PipelineTask, time_limit=limit_s, soft_time_limit=min(SOFT_TIME_LIMIT_S, limit_s - 3)
        )(run)
        return task

    return register


def _tell(at: BaseVenue) -> None:
    """Of what was committed, also by a body that then failed. What is not told now is by the next tick."""
    try:
        at.publish_events.tell()
    except Exception:
        log.exception("telling_failed")


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)

"""The Celery application of workers, beat and Flower. Wiring only, and no connections.

A worker imports the tasks of its queues (`task_modules`); whoever only names a task needs none.

Each pool process makes its own venue at its first task (tasks.base.venue), after the fork.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from celery import Celery
from celery.signals import setup_logging

import beat_schedule
from intendly.adapters.observability.logging import configure_logging
from intendly.adapters.queue import TASK_QUEUES, celery_settings
from intendly.settings import load_settings

settings = load_settings()
app = Celery("intendly")
app.conf.update(celery_settings(settings.redis_url.get_secret_value()))
app.conf.beat_schedule = {
    name: {"task": name, "schedule": every_s, "options": {"queue": TASK_QUEUES[name], "expires": every_s}}
    for name, every_s in beat_schedule.EVERY_S.items()
}


def task_modules(queues: Collection[str]) -> list[str]:
    """The modules of the tasks that go to these queues: a task is named after its module."""
    return sorted({f"tasks.{name.partition('.')[0]}" for name, queue in TASK_QUEUES.items() if queue in queues})


@setup_logging.connect(weak=False)
def _log(**_: Any) -> None:
    """Keep celery from setting up logging itself; a process's entry did. A line a message would drown what matters.

    What a task raises is logged by tasks.base, with its context; celery.app.trace would only say it again.
    """
    if not logging.getLogger().handlers:
        configure_logging("celery", settings.log_level, settings.log_format)
    # What celery.worker.request says at INFO is that a tick came too late and was dropped: the next one does its work.
    for name in ("celery.beat", "celery.worker.strategy", "celery.worker.request"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)

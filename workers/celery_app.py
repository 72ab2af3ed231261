"""The Celery application of workers and beat: `celery -A workers.celery_app …`. Wiring only, and no connections.

Each pool process makes its own venue at its first task (tasks.base.venue), after the fork.
"""

from __future__ import annotations

import pkgutil

from celery import Celery

import beat_schedule
import tasks
from intendly.adapters.queue import TASK_QUEUES, celery_settings
from intendly.settings import load_settings

settings = load_settings()
app = Celery("intendly", include=[f"tasks.{module.name}" for module in pkgutil.iter_modules(tasks.__path__)])
app.conf.update(celery_settings(settings.redis_url.get_secret_value()))
app.conf.beat_schedule = {
    name: {"task": name, "schedule": every_s, "options": {"queue": TASK_QUEUES[name], "expires": every_s}}
    for name, every_s in beat_schedule.EVERY_S.items()
}

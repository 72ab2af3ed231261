"""beat's scheduler: ticks only while it holds a lock in PostgreSQL, so a second beat is a standby.

    celery -A workers.celery_app beat -S workers.scheduler:LockedScheduler

A tick of two beats at once is harmless all the same: what is due is claimed row by row. Nothing is remembered between
runs: every entry is "every so often", and a missed sweep is made up for by the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery.beat import Scheduler

from intendly.adapters.db.advisory_lock import AdvisoryLock
from intendly.settings import load_settings

if TYPE_CHECKING:
    from celery import Celery

BEAT_LOCK: Final = 0x1A7E_BEA7
CHECK_S: Final = 0.5
"""How long a beat that lost its lock may go on, and how often a standby looks."""


class LockedScheduler(Scheduler):
    """A Scheduler in memory whose `tick` does nothing while another beat holds the lock."""

    def __init__(self, app: Celery, *args: Any, **kwargs: Any) -> None:
        self._lock = AdvisoryLock(
            load_settings().sqlalchemy_url, BEAT_LOCK, application="intendly beat", check_s=CHECK_S
        )
        super().__init__(app, *args, **kwargs)

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and return the seconds until the next look."""
        if not self._lock.held():
            return CHECK_S
        return min(super().tick(*args, **kwargs), CHECK_S)

    def close(self) -> None:
        """Let the standby take over at once."""
        self._lock.release()
        super().close()

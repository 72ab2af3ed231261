"""beat's scheduler: ticks only while it holds a lock in PostgreSQL, so a second beat is a standby.

The lock goes from a beat that hangs as it does from one that dies, and one that wakes up looks before it ticks. A tick
of two beats at once is harmless all the same: what is due is claimed row by row. Nothing is remembered between runs:
every entry is "every so often", and a missed sweep is made up for by the next.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from celery.beat import Scheduler

from intendly.adapters.db.advisory_lock import AdvisoryLock
from intendly.settings import load_settings

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

BEAT_LOCK: Final = 0x1A7E_BEA7
CHECK_S: Final = 0.5
"""How long a beat that lost its lock may go on, and how often a standby looks."""
PATIENCE_S: Final = 5.0
"""A beat that hangs for longer loses its lock."""
RECONNECT_S: Final = 1
"""From one attempt to reach the broker to the next."""


class LockedScheduler(Scheduler):
    """A Scheduler in memory whose `tick` does nothing while another beat holds the lock."""

    def __init__(self, app: Celery, *args: Any, **kwargs: Any) -> None:
        self._lock = AdvisoryLock(
            load_settings().sqlalchemy_url,
            BEAT_LOCK,
            application="intendly beat",
            check_s=CHECK_S,
            patience_s=PATIENCE_S,
        )
        self.turned_at = time.monotonic()
        """When it last showed that it goes on, whether or not it may tick."""
        super().__init__(app, *args, **kwargs)

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and return the seconds until the next look."""
        self._turn()
        if not self._lock.held():
            return CHECK_S
        return min(super().tick(*args, **kwargs), CHECK_S)

    def close(self) -> None:
        """Let the standby take over at once."""
        self._lock.release()
        super().close()

    def _turn(self) -> None:
        self.turned_at = time.monotonic()

    def _ensure_connected(self) -> Any:
        """Where celery pauses for up to half a minute and then gives up, go on: to wait for a broker is not to hang."""

        def failed(error: Exception, _pause_s: float) -> None:
            self._turn()
            log.warning("broker_unreachable", error=type(error).__name__)

        return self.connection.ensure_connection(failed, interval_start=RECONNECT_S, interval_step=0)

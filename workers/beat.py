"""beat: sends the ticks of beat_schedule.py. `python -m workers.beat`; a second one waits as standby."""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from celery import platforms
from celery.apps.beat import Beat
from celery.beat import Service

from intendly.adapters import loading

if TYPE_CHECKING:
    from intendly.adapters.observability.health import Check
    from workers.scheduler import LockedScheduler

PATIENCE_S: Final = 5.0
HANGS_AFTER_S: Final = 60.0
"""Longer than a send takes that fails again and again."""


class StoppedBetweenTicks(Beat):
    """Ends after the tick under way, half a second at most; at once after `PATIENCE_S` where the broker hangs.

    celery's own handler closes the connection and raises within whatever the signal interrupted; where that is a read
    of the broker's answer, the client's clean-up raises something else instead, and beat goes on as if nothing was.
    """

    health_port: int | None = None

    def install_sync_handler(self, service: Service) -> None:
        """celery's hook between the making of a service and its start."""
        loading.done()
        if self.health_port is not None:
            from intendly.adapters.observability.metrics import serve_health
            from workers.celery_app import settings

            serve_health(
                self.health_port,
                [turns_check(cast("LockedScheduler", service.scheduler))],
                host=settings.bind_host,
                process="beat",
            )

        def stop() -> None:
            service.stop()
            time.sleep(PATIENCE_S)
            os._exit(0)  # nothing is lost: what to tick and when is in beat_schedule.py, and the lock goes with us

        def on_signal(*_: Any) -> None:
            threading.Thread(target=stop, name="stop", daemon=True).start()  # a handler must not log by itself

        platforms.signals.update(SIGTERM=on_signal, SIGINT=on_signal)


def turns_check(scheduler: LockedScheduler) -> Check:
    """The loop goes round, in a standby too."""
    from intendly.adapters.observability.health import Check, PartDown

    def probe() -> dict[str, Any]:
        age = time.monotonic() - scheduler.turned_at
        if age > HANGS_AFTER_S:
            raise PartDown(f"no turn for {age:.0f} s")
        return {"age_s": round(age, 1)}

    return Check("turns", probe, vital=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run beat in this process until a signal stops it."""
    parser = argparse.ArgumentParser(prog="workers.beat", description="Sends the ticks of beat_schedule.py.")
    parser.add_argument("--health-port", type=int, help="for /health and /metrics; without it there are none")
    options = parser.parse_args(arguments)
    loading.begin()
    from intendly.adapters.observability.logging import configure_logging
    from workers.celery_app import app, settings

    configure_logging("beat", settings.log_level, settings.log_format)
    beat = StoppedBetweenTicks(
        app=app,
        scheduler_cls="workers.scheduler:LockedScheduler",
        pidfile=None,
        loglevel=settings.log_level,
        quiet=True,
    )
    beat.health_port = options.health_port
    beat.run()


if __name__ == "__main__":
    main()

"""beat: sends the ticks of beat_schedule.py. `python -m workers.beat`; a second one waits as standby."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Final

from celery import platforms
from celery.apps.beat import Beat
from celery.beat import Service

PATIENCE_S: Final = 5.0


class StoppedBetweenTicks(Beat):
    """Ends after the tick under way, half a second at most; at once after `PATIENCE_S` where the broker hangs.

    celery's own handler closes the connection and raises within whatever the signal interrupted; where that is a read
    of the broker's answer, the client's clean-up raises something else instead, and beat goes on as if nothing was.
    """

    def install_sync_handler(self, service: Service) -> None:
        def stop() -> None:
            service.stop()
            time.sleep(PATIENCE_S)
            os._exit(0)  # nothing is lost: what to tick and when is in beat_schedule.py, and the lock goes with us

        def on_signal(*_: Any) -> None:
            threading.Thread(target=stop, name="stop", daemon=True).start()  # a handler must not log by itself

        platforms.signals.update(SIGTERM=on_signal, SIGINT=on_signal)


def main() -> None:
    """Run beat in this process until a signal stops it."""
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
    beat.run()


if __name__ == "__main__":
    main()

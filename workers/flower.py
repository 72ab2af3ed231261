"""Flower, the operators' view of the queue: `python -m workers.flower`. Nothing starts without a log-in.

What Flower reads of the environment and of a `flowerconfig.py` by itself is not asked: everything is said here.
"""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from typing import Any, Final

from intendly.adapters import loading
from intendly.settings import Settings, SettingsError

MAX_TASKS: Final = 5_000
"""Tasks that are kept, of about 5 KB each: those of the last three minutes, as beat_schedule.py has it."""
MAX_WORKERS: Final = 100
GONE_AFTER_S: Final = 600
"""After so long a worker that is away is no longer shown: each start of one is a name of its own."""
PASSWORD_MIN: Final = 8
"""Characters."""
SAVE_EVERY_MS: Final = 60_000
"""What a kill -9 can lose; a stop saves too."""


def main() -> None:
    """Serve until SIGTERM. Exits with 2 and one line where the settings do not let it start."""
    loading.begin()
    try:
        from intendly.adapters.observability.logging import configure_logging
        from workers.celery_app import app, settings

        configure_logging("flower", settings.log_level, settings.log_format)
        _serve(app, settings)
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        sys.exit(2)


def flower_options(settings: Settings) -> dict[str, Any]:
    """Flower's options, by its own names. Raises `SettingsError` for a log-in that is missing or can't be used."""
    password = settings.flower_password.get_secret_value() if settings.flower_password else ""
    if not password:
        raise SettingsError("FLOWER_PASSWORD: not set; expected the password of Flower's log-in")
    if not password.isascii():
        raise SettingsError("FLOWER_PASSWORD: expected ASCII characters alone, got others")
    if len(password.strip()) < PASSWORD_MIN:
        raise SettingsError(
            f"FLOWER_PASSWORD: expected {PASSWORD_MIN} characters or more, spaces around them not counted"
        )
    if not settings.flower_user.isascii() or ":" in settings.flower_user:
        raise SettingsError(f"FLOWER_USER: expected ASCII characters without a colon, got {settings.flower_user!r}")
    folder = settings.data_dir.absolute() / "flower"
    return {
        "address": settings.bind_host,
        "port": settings.flower_port,
        "basic_auth": [f"{settings.flower_user}:{password}"],
        "read_only": True,
        "max_tasks": MAX_TASKS,
        "max_workers": MAX_WORKERS,
        "purge_offline_workers": GONE_AFTER_S,
        "persistent": True,
        "db": str(folder / "state"),
        "state_save_interval": SAVE_EVERY_MS,
        "logging": None,
    }


def _serve(app: Any, settings: Settings) -> None:
    from flower.app import Flower
    from flower.options import options
    from flower.urls import settings as pages

    for name, value in flower_options(settings).items():
        setattr(options, name, value)
    Path(options.db).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # who writes there runs code here
    # A worker that is not up yet, as at every start, is asked again with the next page.
    logging.getLogger("flower.inspector").setLevel(logging.ERROR)
    flower = Flower(capp=app, options=options, **pages)
    _leave_out_nameless(flower)
    try:
        flower.start_http_server()
    except OSError as error:
        raise SettingsError(
            f"FLOWER_PORT: expected a free port of {options.address}, got {options.port} ({error.strerror})"
        ) from None
    logging.getLogger(__name__).info("serving on http://%s:%s", options.address, options.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        flower.io_loop.asyncio_loop.add_signal_handler(number, flower.stop)  # which saves
    loading.done()
    flower.start()


def _leave_out_nameless(flower: Any) -> None:
    """Only a task's first event has its name: one that began before Flower listened would be shown without."""
    events = flower.events

    def take(event: dict[str, Any]) -> None:
        if event.get("name") or not event["type"].startswith("task-") or event["uuid"] in events.state.tasks:
            events.state.event(event)

    events.on_event = lambda event: flower.io_loop.add_callback(take, event)  # it comes from another thread


if __name__ == "__main__":
    main()

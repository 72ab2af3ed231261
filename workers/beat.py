"""beat: sends the ticks of beat_schedule.py. `python -m workers.beat`; a second one waits as standby."""

from __future__ import annotations


def main() -> None:
    """Run beat in this process until a signal stops it."""
    from intendly.adapters.observability.logging import configure_logging
    from workers.celery_app import app, settings

    configure_logging("beat", settings.log_level, settings.log_format)
    beat = app.Beat(
        scheduler_cls="workers.scheduler:LockedScheduler",
        pidfile=None,
        loglevel=settings.log_level,
        quiet=True,
    )
    beat.run()


if __name__ == "__main__":
    main()

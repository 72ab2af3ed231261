"""The process websocket-server: `python -m workers.stream`."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Final

import structlog
from gunicorn.app.wsgiapp import run

from intendly.adapters.observability.logging import configure_logging
from intendly.settings import Settings, SettingsError, load_settings

CONFIG: Final = Path(__file__).resolve().parents[1] / "web" / "stream_gunicorn.conf.py"
BESIDE: Final = 256
"""Open files that are no connections: the database's, Redis', logs, libraries."""


def main() -> None:
    """Serve until SIGTERM. Exits with 2 and one line where the settings do not let it start."""
    try:
        settings = load_settings()
        configure_logging("websocket-server", settings.log_level, settings.log_format)
        make_room(settings)
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        sys.exit(2)
    sys.argv = ["gunicorn", "-c", str(CONFIG)]
    run()


def make_room(settings: Settings) -> None:
    """Raise the limit of open files to what WS_MAX_CONNECTIONS needs.

    Where the system allows fewer, the default gives way; one that was set raises `SettingsError` with what would do.
    """
    needed = settings.ws_max_connections + BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if allowed < needed:
        most = max(1, allowed - BESIDE)
        if "ws_max_connections" in settings.model_fields_set:
            raise SettingsError(
                f"WS_MAX_CONNECTIONS: {settings.ws_max_connections} connections need {needed} open files, of which"
                f" the system allows {hard} (ulimit -Hn); set it to at most {most}, or raise that limit"
            )
        structlog.get_logger().warning("fewer_connections", ws_max_connections=most, open_files=hard, needed=needed)
        os.environ["WS_MAX_CONNECTIONS"] = str(most)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


if __name__ == "__main__":
    main()

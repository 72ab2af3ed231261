"""The process websocket-server: `python -m workers.stream`."""

from __future__ import annotations

import sys
from pathlib import Path

from gunicorn.app.wsgiapp import run

CONFIG = Path(__file__).resolve().parents[1] / "web" / "stream_gunicorn.conf.py"


def main() -> None:
    """Serve until SIGTERM."""
    sys.argv = ["gunicorn", "-c", str(CONFIG)]
    run()


if __name__ == "__main__":
    main()

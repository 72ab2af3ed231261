"""Where the program `intendly` starts. What it is, program.py says; to import that takes a second."""

from __future__ import annotations

import os
import signal
import sys

from intendly.adapters import loading


def main() -> None:
    """Run the program. Ctrl-C while it is imported is answered as later on, by a line and exit code 130."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # and not ignored
    if heard:
        signal.signal(signal.SIGINT, _leave)
    loading.begin()
    from cli.program import run

    loading.done()
    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _leave(_number: int, _frame: object) -> None:
    if "--json" in sys.argv:
        os.write(1, b'{"error": {"detail": "interrupted"}, "exit_code": 130}\n')
    os.write(2, b"interrupted\n")
    os._exit(130)  # an exception could be swallowed by what is imported; nothing has begun


if __name__ == "__main__":
    main()

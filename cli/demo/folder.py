"""A data folder of its own for each demo that runs, empty at its start."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from cli.venue import check_writable


@contextmanager
def fresh_folder(base: Path) -> Iterator[Path]:
    """`base`/demo, or demo-2 and so on while other demos run in those. What an earlier demo left there goes."""
    check_writable("--data-dir", base)
    for number in count(1):
        folder = base / ("demo" if number == 1 else f"demo-{number}")
        descriptor = os.open(f"{folder}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            shutil.rmtree(folder, ignore_errors=True)
            yield folder
        finally:
            os.close(descriptor)
        return

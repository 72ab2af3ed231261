"""A venue as `intendly up` runs it, for the tests that use one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli.processes import ROOT

NODE = str(ROOT / ".venv" / "bin" / "node")
_STAY_OUT_OF_THE_ENVIRONMENT = ("DATABASE_URL", "REDIS_URL", "RPC_URLS")


class Up:
    """A running `intendly up`, read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def wait_line(self, pattern: str) -> re.Match[str]:
        """The first line from here on that fits."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"it ended before {pattern!r}:\n" + "\n".join(self.lines[-40:]))

    def kill(self, module: str) -> None:
        """kill -9 to the processes of it that run this module; they are started anew."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        found = [child for child in children if module in child.cmdline()]
        assert found, f"no process runs {module}"
        for child in found:
            child.kill()


@contextmanager
def intendly_up(data_dir: Path, *options: str) -> Iterator[Up]:
    """The program in a process of its own, with parts of its own; killed in the end."""
    env = {name: value for name, value in os.environ.items() if name not in _STAY_OUT_OF_THE_ENVIRONMENT}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up", *options],
        cwd=ROOT,
        env=env | {"DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Up(process)
        finally:
            process.kill()

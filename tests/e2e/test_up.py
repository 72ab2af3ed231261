"""`intendly up` as its operator meets it: every process answers, what dies comes back, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cli.processes import ROOT
from tests.integration.embedded.conftest import descendants, wait_gone

pytestmark = pytest.mark.e2e

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


@contextmanager
def _up(data_dir: Path) -> Iterator[Up]:
    env = {name: value for name, value in os.environ.items() if name not in _STAY_OUT_OF_THE_ENVIRONMENT}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up"],
        cwd=ROOT,
        env=env | {"DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield Up(process)
        process.kill()


def _status(url: str, auth: tuple[str, str] | None = None) -> int:
    return httpx.get(url, auth=auth, timeout=10, trust_env=False).status_code


def _leader(name: str, family: list[int]) -> int:
    """The first process of the family whose command line has `name` in it."""
    return next(pid for pid in family if name in Path(f"/proc/{pid}/cmdline").read_text())


def test_the_venue_runs_comes_back_and_goes(world_folder: Path) -> None:
    data = world_folder / "data"
    with _up(data) as up:
        api = up.wait_line(r"API +(http://\S+?)/api/v1/config").group(1)
        stream = up.wait_line(r"stream +ws(://\S+?)/api/v1/stream").group(1)
        flower = up.wait_line(r"Flower +(http://\S+) as").group(1)
        up.wait_line("Ctrl-C stops everything")
        for root in (api, f"http{stream}"):
            assert _status(f"{root}/health") == 200
            assert _status(f"{root}/metrics") == 200
        password = (data / "keys" / "flower.password").read_text().strip()
        assert _status(f"{flower}/api/workers") == 401
        assert _status(f"{flower}/api/workers", ("operator", password)) == 200

        os.kill(_leader("web/gunicorn.conf.py", descendants(up.process.pid)), signal.SIGKILL)
        up.wait_line(r"supervisor +\| backend-relayer was ended by SIGKILL; starting it again")
        up.wait_line(r"backend-relayer +\|.*Listening at")

        assert password not in "\n".join(up.lines)
        family = descendants(up.process.pid)
        up.process.kill()
        wait_gone(family)

    with _up(data) as up:  # on what the killed one left
        up.wait_line("Ctrl-C stops everything")
        family = descendants(up.process.pid)
        up.process.send_signal(signal.SIGTERM)
        up.wait_line("^stopped$")
        assert up.process.wait(30) == 0
        wait_gone(family, 1)

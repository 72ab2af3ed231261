"""What runs until it is told to stop ends with its terminal, whoever leads the session, unless it was detached."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from intendly.adapters.embedded.folder import alive
from intendly.adapters.embedded.ports import free_port
from tests.integration.embedded.conftest import ROOT, descendants, wait_gone

pytestmark = pytest.mark.integration
IN_DEL = """
import time
from cli.stopping import stopped_once

class Last:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(60)

try:
    with stopped_once():
        Last()
        time.sleep(60)
except KeyboardInterrupt:
    print("stopped")
"""
LEADER = ("setsid", "--ctty")
NOHUP = ("sh", "-c", "trap '' HUP; exec \"$@\"", "nohup")


def _supervised() -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.integration.cli.supervised", str(free_port()))


def _made(folder: Path) -> tuple[str, ...]:
    """The same, started by make."""
    makefile = folder / "Makefile"
    makefile.write_text(f"up:\n\t@{shlex.join(_supervised())}\n")
    return ("make", "-f", str(makefile))


@contextmanager
def _on_a_terminal(*command: str) -> Iterator[tuple[subprocess.Popen[bytes], list[int], int]]:
    """It runs and is ready; all its processes; the terminal, which ends when that is closed."""
    terminal, its_side = os.openpty()
    with subprocess.Popen(command, cwd=ROOT, stdin=its_side, stdout=its_side, stderr=its_side) as process:
        os.close(its_side)
        family = [process.pid]
        try:
            said = b""
            while b"ready" not in said:
                assert select.select([terminal], [], [], 30)[0], f"it is not ready: {said!r}"
                said += os.read(terminal, 1_000)
            family = descendants(process.pid)
            yield process, family, terminal
        finally:
            for pid in filter(alive, family):
                os.kill(pid, signal.SIGKILL)


def test_it_ends_with_its_terminal_when_make_leads_the_session(tmp_path: Path) -> None:
    """Make hears the end of the terminal, tells nobody, and waits."""
    with _on_a_terminal(*LEADER, *_made(tmp_path)) as (make, family, terminal):
        os.close(terminal)
        make.wait(20)
        wait_gone(family, 1)


def test_it_ends_with_its_terminal_when_it_leads_the_session() -> None:
    with _on_a_terminal(*LEADER, *_supervised()) as (process, family, terminal):
        os.close(terminal)
        assert process.wait(20) == 0
        wait_gone(family, 1)


def test_it_ends_when_the_terminal_has_ended_before_it_could_look() -> None:
    late = ("sh", "-c", 'trap : HUP; echo ready; read -r _; "$@"', "late")
    with _on_a_terminal(*LEADER, *late, *_supervised()) as (process, family, terminal):
        os.close(terminal)
        assert process.wait(20) == 0
        wait_gone(family, 1)


@pytest.mark.parametrize("how", [("setsid",), (*LEADER, *NOHUP)], ids=["without a terminal", "nohup"])
@pytest.mark.parametrize("made", [False, True])
def test_detached_it_outlives_the_terminal(how: tuple[str, ...], made: bool, tmp_path: Path) -> None:
    with _on_a_terminal(*how, *(_made(tmp_path) if made else _supervised())) as (process, family, terminal):
        os.close(terminal)
        time.sleep(1.5)  # it looks twice a second
        assert [pid for pid in family if not alive(pid)] == []
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)
        wait_gone(family, 1)


def test_a_ctrl_c_is_not_lost_where_python_lets_no_exception_through() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", IN_DEL], cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=20) == ("stopped\n", "")
        finally:
            process.kill()

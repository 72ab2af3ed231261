"""The supervisor restarts what dies, stops in order, tells what does not start, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.supervisor import ProcessFailed, ProcessSpec, Supervisor
from intendly.adapters.embedded.ports import free_port
from tests.integration.cli.supervised import ENV, forking, server
from tests.integration.embedded.conftest import ROOT, descendants, wait_gone

pytestmark = pytest.mark.integration


class Lines:
    """What was said, in its order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.said.append((name, line))

    def of(self, name: str) -> list[str]:
        return [line for who, line in self.said if who == name]

    def wait(self, name: str, words: str) -> None:
        """Until `name` has said a line with these words in it."""
        end = time.monotonic() + 20
        while not any(words in line for line in self.of(name)):
            assert time.monotonic() < end, f"{name} never said {words}"
            time.sleep(0.02)


def test_what_is_killed_is_started_again_with_all_that_it_had_forked_gone() -> None:
    lines = Lines()
    with Supervisor([server(free_port()), forking()], lines) as supervisor:
        supervisor.wait_ready()
        for name in supervisor.names:
            before, family = supervisor.pid(name), descendants(supervisor.pid(name))
            supervisor.kill(name)
            supervisor.wait_restarted(name, 0)
            wait_gone(family)
            assert supervisor.pid(name) not in {0, before}
            assert supervisor.restarts(name) == 1
        assert lines.of("supervisor") == [
            f"{name} was ended by SIGKILL; starting it again in 0.2 s" for name in supervisor.names
        ]
        family = [pid for name in supervisor.names for pid in descendants(supervisor.pid(name))]
    wait_gone(family, 0.5)


def test_what_hangs_is_named_and_started_again() -> None:
    """Stopped, it neither answers nor hears SIGTERM."""
    lines, spec = Lines(), server(free_port())
    watched = replace(spec, live_url=spec.health_url, check_s=0.3, stop_grace_s=0.3)
    with Supervisor([watched, forking()], lines) as supervisor:
        supervisor.wait_ready()
        hung, other = supervisor.pid("server"), supervisor.pid("forking")
        time.sleep(1)  # it is checked, and answers
        assert supervisor.restarts("server") == 0
        os.kill(hung, signal.SIGSTOP)
        supervisor.wait_restarted("server", 0)
        wait_gone([hung], 0.5)
        assert lines.of("supervisor") == [
            "server did not answer / for 0.9 s: restarting it",
            "server was ended by SIGKILL; starting it again in 0.2 s",
        ]
        assert supervisor.pid("forking") == other


def test_what_is_alive_and_not_ready_is_left_alone() -> None:
    lines, port = Lines(), free_port()
    root = f"http://127.0.0.1:{port}"
    unready = replace(server(port), health_url=f"{root}/health/ready", live_url=f"{root}/", check_s=0.1)
    with Supervisor([unready], lines) as supervisor:
        lines.wait("server", '"GET / HTTP/1.1" 200')
        time.sleep(1)
        assert supervisor.restarts("server") == 0


def test_ranks_are_stopped_from_the_highest() -> None:
    lines = Lines()
    goodbye = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(print('bye')))\ntime.sleep(600)"
    specs = [ProcessSpec(f"rank {rank}", (sys.executable, "-c", goodbye), ENV, stop_rank=rank) for rank in (1, 3, 2)]
    with Supervisor(specs, lines) as supervisor:
        supervisor.wait_ready()
    lines.wait("rank 1", "bye")
    assert [name for name, line in lines.said if line == "bye"] == ["rank 3", "rank 2", "rank 1"]


def test_what_ends_while_others_are_stopped_is_not_started_again(tmp_path: Path) -> None:
    """As a server does that loses what it leans on."""
    lines, shared = Lines(), tmp_path / "shared"
    shared.touch()
    first = f"import os, signal, time\ndef go(*_):\n os.unlink({str(shared)!r}); time.sleep(1); os._exit(0)\n"
    first += "signal.signal(15, go)\ntime.sleep(600)"
    leans = f"import os, time\nwhile os.path.exists({str(shared)!r}): time.sleep(0.05)"
    specs = [
        ProcessSpec("leans", (sys.executable, "-c", leans), ENV),
        ProcessSpec("first", (sys.executable, "-c", first), ENV, stop_rank=1),
    ]
    with Supervisor(specs, lines) as supervisor:
        supervisor.wait_ready()
    assert lines.of("supervisor") == []


def test_one_that_ignores_the_signal_is_killed_in_the_end() -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    with Supervisor([ProcessSpec("deaf", (sys.executable, "-c", deaf), ENV, stop_grace_s=0.5)], Lines()) as supervisor:
        supervisor.wait_ready()
        pid = supervisor.pid("deaf")
        began = time.monotonic()
    assert time.monotonic() - began < 5
    wait_gone([pid], 0.5)


def test_one_that_cannot_start_is_named_with_what_it_said() -> None:
    broken = ProcessSpec("broken", (sys.executable, "-c", "raise SystemExit('no such luck')"), ENV)
    with (
        Supervisor([broken], Lines()) as supervisor,
        pytest.raises(ProcessFailed, match=r"(?s)broken ends again and again.*no such luck"),
    ):
        supervisor.wait_ready()


def test_one_whose_settings_do_not_let_it_start_says_so_once() -> None:
    lines = Lines()
    mistaken = "import sys; sys.stderr.write('settings: no\\n'); sys.exit(2)"
    with (
        Supervisor([ProcessSpec("mistaken", (sys.executable, "-c", mistaken), ENV)], lines) as supervisor,
        pytest.raises(ProcessFailed, match=r"^mistaken does not start; its last lines:\n  settings: no$"),
    ):
        supervisor.wait_ready()
    assert (lines.of("mistaken"), lines.of("supervisor")) == (["settings: no"], [])


def test_one_that_is_never_ready_is_named() -> None:
    never = ProcessSpec("never", ("sleep", "600"), ENV, f"http://127.0.0.1:{free_port()}/", ready_timeout_s=0.5)
    with Supervisor([never], Lines()) as supervisor, pytest.raises(ProcessFailed, match="never is not ready after 0 s"):
        supervisor.wait_ready()


def test_it_gets_exactly_the_environment_of_its_spec() -> None:
    lines = Lines()
    shows = ProcessSpec("shows", (sys.executable, "-c", "import os; print(sorted(os.environ)); input()"), ENV)
    with Supervisor([shows], lines):
        lines.wait("shows", "PATH")
    assert lines.of("shows")[0] in ("['LC_CTYPE', 'PATH', 'PYTHONUNBUFFERED']", "['PATH', 'PYTHONUNBUFFERED']")


@contextmanager
def _in_a_process() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.cli.supervised", str(free_port())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process, [pid for pid in descendants(process.pid) if pid != process.pid]
        process.kill()


def test_killed_itself_it_leaves_nothing_behind() -> None:
    with _in_a_process() as (process, family):
        assert len(family) >= 4  # the server, the forking one and its fork, the guard
        process.kill()
        wait_gone(family, 3)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_leaves_nothing_behind(sign: signal.Signals) -> None:
    with _in_a_process() as (process, family):
        os.kill(process.pid, sign)
        assert process.communicate(timeout=20)[0] == "stopped\n"
        assert process.returncode == 0
        wait_gone(family, 0.5)

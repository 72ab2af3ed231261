"""Child processes that end when this process does, even on kill -9."""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_EXEC_CHILD = Path(__file__).with_name("exec_child.py")


@dataclass(frozen=True)
class Account:
    """Who a child runs as. `read_all`: it may also read what it does not own, and enter such folders."""

    uid: int
    gid: int
    read_all: bool = False


@dataclass(frozen=True)
class Child:
    """A started process. It leads a session of its own, so a Ctrl-C in the terminal does not reach it."""

    name: str
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, sign: signal.Signals = signal.SIGTERM, grace_s: float = 15) -> int:
        """Signal it, wait up to `grace_s`, then SIGKILL what is left of its process group; its exit status."""
        if self.running():
            self.process.send_signal(sign)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # an empty group
            os.killpg(self.pid, signal.SIGKILL)
        return status


def spawn(
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    output: int | IO[bytes] = subprocess.DEVNULL,
    death_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    held_fds: Sequence[int] = (),
) -> Child:
    """Start `argv` with exactly `env`. When this process ends, in whatever way, it gets `death_signal`.

    stdout and stderr both go to `output`; stdin is empty; `held_fds` stay open in the child. Secrets belong in `env`
    or in a file, never in `argv`, which every user of the machine can read.
    """
    who = account or Account(-1, -1)
    command = [sys.executable, "-I", "-S", str(_EXEC_CHILD), str(os.getpid()), str(int(death_signal))]
    command += [str(who.uid), str(who.gid), str(int(who.read_all)), *map(str, argv)]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=held_fds,
        )

    return Child(name, _forker(os.getpid()).run(start))


class _Forker:
    """A thread that lasts as long as the process and does all its forking.

    Linux sends the death signal when the *thread* that forked ends; a worker thread would take its children along.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="forker", daemon=True).start()

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._calls.put((start, future))
        return future.result()

    def _serve(self) -> None:
        while True:
            start, future = self._calls.get()
            try:
                future.set_result(start())
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                future.set_exception(error)


@functools.cache
def _forker(_pid: int) -> _Forker:
    """One per process: a fork does not take the thread along."""
    return _Forker()

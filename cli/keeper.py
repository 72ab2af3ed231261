"""Keeps one process running: starts it, tells when it is ready, starts it again when it ends or hangs."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cli.group_guard import GroupGuard
from cli.liveness import Silence, answers_200
from intendly.adapters.embedded.child import Child, spawn

Say = Callable[[str, str], None]
"""Where a line goes: the name of the process, and the line without its end. Called from several threads."""

SUPERVISOR = "supervisor"
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_S = 30.0  # a process that ran this long starts the backoff anew
_TAIL = 12
_MISTAKE = 2
"""How our programs end whose settings don't let them start: the next try would say the same."""


class ProcessFailed(Exception):
    """A process did not become ready; the text names it and ends with the last that it said."""


@dataclass(frozen=True)
class ProcessSpec:
    """What to run. `stop_rank`: the highest are stopped first, those of one rank together."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    health_url: str | None = None
    """Ready when it answers 200; without one, when it has run for a second."""
    live_url: str | None = None
    """It hangs when this has not answered 200 to three checks in a row; without one nobody looks."""
    check_s: float = 5
    """From one check to the next, and the patience of each."""
    ready_timeout_s: float = 60
    stop_rank: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10


class Keeper:
    """One process: a thread waits for its end, and starts it again; another ends it when it hangs."""

    def __init__(self, spec: ProcessSpec, say: Say, guard: GroupGuard, cwd: Path | None) -> None:
        self.spec = spec
        self.restarts = 0
        self._was_ready = self._is_refused = False
        self._say = say
        self._guard = guard
        self._cwd = cwd
        self._child: Child | None = None
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._retired = threading.Event()
        self._swap = threading.Lock()  # between starting a child and deciding to have no more
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._thread = threading.Thread(target=self._keep, name=f"keep {spec.name}", daemon=True)

    def start(self) -> None:
        self._start_child()
        self._thread.start()
        if self.spec.live_url is not None:
            threading.Thread(
                target=self._watch, args=(self.spec.live_url,), name=f"watch {self.spec.name}", daemon=True
            ).start()

    @property
    def pid(self) -> int:
        child = self._child
        return child.pid if child and child.running() else 0

    def kill(self) -> None:
        if (child := self._child) and child.running():
            child.process.send_signal(signal.SIGKILL)

    def retire(self) -> None:
        """No more restarts."""
        with self._swap:
            self._retired.set()

    def stop(self) -> None:
        self.retire()
        if child := self._child:
            child.stop(self.spec.stop_signal, self.spec.stop_grace_s)
            self._guard.end(child.pid)
        if self._thread.is_alive():
            self._thread.join()

    def wait_ready(self) -> None:
        end = time.monotonic() + self.spec.ready_timeout_s
        while not self._ready():
            if self._is_refused:
                raise ProcessFailed(self._explain("does not start"))
            if self.restarts >= 4 and not self.pid:
                raise ProcessFailed(self._explain("ends again and again"))
            if time.monotonic() > end or self._retired.is_set():
                raise ProcessFailed(self._explain(f"is not ready after {self.spec.ready_timeout_s:.0f} s"))
            time.sleep(0.05)
        self._was_ready = True

    def _ready(self) -> bool:
        if not self.pid:
            return False
        if self.spec.health_url is None:
            return time.monotonic() - self._started_at > 1
        return answers_200(self.spec.health_url, timeout_s=2)

    def _explain(self, what: str) -> str:
        return "\n  ".join([f"{self.spec.name} {what}; its last lines:", *self._tail])

    def _start_child(self) -> bool:
        with self._swap:
            if self._retired.is_set():
                return False
            self._child = child = spawn(
                self.spec.name,
                self.spec.argv,
                env=self.spec.env,
                cwd=self._cwd,
                output=subprocess.PIPE,
                death_signal=signal.SIGKILL,
            )
            self._started_at = time.monotonic()
            self._guard.begin(child.pid)
        if (output := child.process.stdout) is not None:
            self._reader = threading.Thread(
                target=self._read, args=(output,), name=f"read {self.spec.name}", daemon=True
            )
            self._reader.start()
        return True

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                self._tail.append(text)
                self._say(self.spec.name, text)

    def _keep(self) -> None:
        failures = 0
        while (child := self._child) is not None:
            status = child.process.wait()
            child.stop()  # whatever it forked goes too, and frees its port
            self._guard.end(child.pid)
            if self._retired.is_set():
                return
            if status == _MISTAKE and not self._was_ready:
                if self._reader is not None:
                    self._reader.join()  # what it said last is the reason
                self._is_refused = True
                return
            failures = 0 if time.monotonic() - self._started_at > _STEADY_S else failures
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            self._say(SUPERVISOR, f"{self.spec.name} {_ending(status)}; starting it again in {pause} s")
            failures += 1
            if self._retired.wait(pause) or not self._start_child():
                return
            self.restarts += 1

    def _watch(self, url: str) -> None:
        check_s, path = self.spec.check_s, urllib.parse.urlsplit(url).path
        child, silence = self._child, Silence(check_s)
        while not self._retired.is_set():
            if child is not self._child:
                child, silence = self._child, Silence(check_s)
            began = time.monotonic()
            answered = answers_200(url, timeout_s=check_s)
            self._retired.wait(began + check_s - time.monotonic())
            hangs = silence.hangs(answered=answered, took_s=time.monotonic() - began)
            if hangs and child and child.running() and not self._retired.is_set():
                silent_s = silence.missed * check_s
                self._say(SUPERVISOR, f"{self.spec.name} did not answer {path} for {silent_s:g} s: restarting it")
                child.stop(self.spec.stop_signal, self.spec.stop_grace_s)


def _ending(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with {status}"

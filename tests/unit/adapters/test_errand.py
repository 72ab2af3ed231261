"""What is done behind a request: soon, once for all who ask meanwhile, and at the end."""

from __future__ import annotations

import threading
import time

from intendly.adapters.errand import Errand


def test_who_asks_waits_for_nothing_and_what_is_asked_meanwhile_is_one_run() -> None:
    begun, go_on = threading.Event(), threading.Event()
    runs: list[float] = []

    def run() -> None:
        runs.append(time.monotonic())
        begun.set()
        go_on.wait(5)

    errand = Errand(run, name="test")
    errand.ask()
    assert begun.wait(5)
    for _ in range(100):
        errand.ask()
    assert len(runs) == 1
    go_on.set()
    errand.close()
    assert len(runs) == 2


def test_two_runs_are_some_time_apart_and_the_first_is_at_once() -> None:
    runs: list[float] = []
    done = threading.Event()

    def run() -> None:
        runs.append(time.monotonic())
        errand.ask()
        if len(runs) == 3:
            done.set()

    errand = Errand(run, name="test", every_s=0.5)
    began = time.monotonic()
    errand.ask()
    assert done.wait(5)
    errand.close()
    assert runs[1] - runs[0] >= 0.5
    assert runs[2] - runs[1] >= 0.5
    assert runs[0] - began < 0.5


def test_what_was_asked_for_is_done_at_the_end_and_it_may_be_asked_again() -> None:
    runs: list[int] = []
    errand = Errand(lambda: runs.append(1), name="test", every_s=60)
    errand.close()
    assert not runs
    errand.ask()
    errand.close()
    assert runs
    before = len(runs)
    errand.ask()
    errand.close()
    assert len(runs) > before

"""Threads for strangers' hosts: a share for each, and none for who waits."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from intendly.adapters.asking.fair_threads import FairThreads


def test_a_host_that_hangs_has_its_share_and_the_others_theirs() -> None:
    threads = FairThreads("test", threads=4, per_host=2)
    release, running, done = threading.Event(), SimpleQueue[str](), SimpleQueue[str]()

    def hang() -> None:
        running.put("hanging")
        release.wait(10)
        done.put("hanging")

    for _ in range(50):
        threads.run("hanging.test", hang)
    assert [running.get(timeout=10) for _ in range(2)] == ["hanging"] * 2
    for n in range(20):
        threads.run(f"{n % 3}.test", lambda: done.put("good"))
    assert [done.get(timeout=10) for _ in range(20)] == ["good"] * 20
    assert running.empty()
    release.set()
    assert [done.get(timeout=10) for _ in range(50)] == ["hanging"] * 50


def test_a_host_is_forgotten_with_its_last_request() -> None:
    threads = FairThreads("test", threads=4, per_host=1)
    for _ in range(3):  # the second and third take the place of the one before
        done = SimpleQueue[None]()
        for _ in range(5):
            threads.run("one.test", lambda done=done: done.put(None))  # type: ignore[misc]
        for _ in range(5):
            done.get(timeout=10)

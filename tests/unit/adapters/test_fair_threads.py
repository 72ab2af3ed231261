"""Threads for strangers' servers: a share for each, and none for who waits."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue

from intendly.adapters.asking.fair_threads import FairThreads


def test_a_host_that_hangs_has_its_share_and_the_others_theirs() -> None:
    threads = FairThreads("test", threads=4, per_line=4)
    release, running, done = threading.Event(), SimpleQueue[str](), SimpleQueue[str]()

    def hang() -> None:
        running.put("hanging")
        release.wait(10)
        done.put("hanging")

    for _ in range(50):
        threads.run("hanging.test", hang, is_known=False, last_turn=0)
    assert [running.get(timeout=10) for _ in range(2)] == ["hanging"] * 2
    for n in range(20):
        threads.run(f"{n % 3}.test", lambda: done.put("good"), is_known=False, last_turn=0)
    assert [done.get(timeout=10) for _ in range(20)] == ["good"] * 20
    assert running.empty()
    release.set()
    assert [done.get(timeout=10) for _ in range(50)] == ["hanging"] * 50


def test_a_host_is_forgotten_with_its_last_request() -> None:
    threads = FairThreads("test", threads=4, per_line=1)
    for _ in range(3):  # the second and third take the place of the one before
        done = SimpleQueue[None]()
        for _ in range(5):
            threads.run("one.test", partial(done.put, None), is_known=False, last_turn=0)
        for _ in range(5):
            done.get(timeout=10)
    assert threads._lines == {}


def test_the_known_have_the_other_half_and_whose_last_turn_is_longest_ago_is_next() -> None:
    threads = FairThreads("test", threads=8, per_line=4)
    running, done = SimpleQueue[str](), SimpleQueue[str]()
    release = threading.Semaphore(0)

    def work(name: str) -> None:
        running.put(name)
        release.acquire(timeout=10)
        done.put(name)

    for name, is_known, last_turn in (
        ("stranger 9", False, 9),
        ("stranger 8", False, 8),
        ("stranger 7", False, 7),
        ("stranger 0", False, 0),
        ("known 4", True, 4),
        ("known 5", True, 5),
        ("known 3", True, 3),
        ("known 2", True, 2),
    ):
        threads.run("one.test", partial(work, name), is_known=is_known, last_turn=last_turn)
    assert {running.get(timeout=10) for _ in range(4)} == {"stranger 9", "stranger 8", "known 4", "known 5"}
    assert running.empty()
    began = []
    for _ in range(4):
        release.release()
        began.append(running.get(timeout=10))
    assert began[:2] == ["known 2", "known 3"]
    for _ in range(4):
        release.release()
    assert len({done.get(timeout=10) for _ in range(8)}) == 8

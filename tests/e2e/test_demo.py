"""The main job, end to end, on real parts: signed intents become tokens in the swappers' wallets."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.e2e.conftest import NAMES, Demo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_two_demos_at_once_keep_to_themselves_and_off_exported_servers(start_demo: Callable[..., Demo]) -> None:
    """Started in one moment, both would find the usual ports free; each takes its own, and trades on its own chain.

    One has solvers that keep much, so that its fills are worse than the best pool's.
    """
    exported = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/production",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "RPC_URLS": "http://127.0.0.1:1",
    }
    usual = start_demo("--intents", "20", "--seed", "1", env=exported)
    greedy = start_demo("--intents", "4", "--solver-margin-bps", "80", "--seed", "3", env=exported)

    told = greedy.result(200)
    assert (told["settled_on_chain"], told["solvers"]) == (4, 2)
    assert 4 <= told["bids"] < 30, "the other's are not among them"
    assert -100 < told["improvement_bps"] < -20

    told = usual.result(200)
    assert (told["intents"], told["settled"], told["unfilled"], told["settled_on_chain"]) == (20, 20, 0, 20)
    assert (told["solvers"], told["seed"]) == (2, 1)
    assert told["bids"] >= 30  # of some intent a second auction may be needed
    assert 0 < told["p50_ms"] <= told["p95_ms"] < 20_000


def test_no_process_that_is_killed_loses_an_intent(start_demo: Callable[..., Demo]) -> None:
    """kill -9 of each process in turn, one every second and a half while intents come in; each is started again."""
    demo = start_demo("--intents", "15", "--interval", "2", "--seed", "2")
    _wait_until_trading(demo)
    killed = []
    for name in NAMES:
        process = _wait_until_runs(demo, name)
        process.kill()
        killed.append(process.pid)
        time.sleep(1.5)
    again = _wait_until_all_run(demo)
    assert not {process.pid for process in again.values()} & set(killed)
    told = demo.result(200)
    assert (told["settled"], told["settled_on_chain"]) == (15, 15)


def test_an_interrupted_demo_leaves_nothing_behind(start_demo: Callable[..., Demo]) -> None:
    demo = start_demo("--intents", "1000", "--interval", "0.5")
    _wait_until_trading(demo)
    family = psutil.Process(demo.process.pid).children(recursive=True)
    assert len(family) > len(NAMES)
    demo.process.send_signal(signal.SIGINT)
    demo.process.communicate(timeout=40)
    assert demo.process.returncode == 130
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def _wait_until_trading(demo: Demo) -> None:
    """Until the first intent is posted, which the relayer's own log tells."""
    log = demo.data_dir / "demo" / "logs" / "backend-relayer.log"
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        assert demo.process.poll() is None, demo.process.communicate()[1][-3_000:]
        if log.exists() and "/api/v1/intents" in log.read_text(errors="replace"):
            return
        time.sleep(0.1)
    raise AssertionError("no intent was posted within 90 seconds")


def _wait_until_runs(demo: Demo, name: str) -> psutil.Process:
    """On a busy machine one that was killed before may still be starting again."""
    ends = time.monotonic() + 30
    while (process := demo.running().get(name)) is None:
        assert demo.process.poll() is None, f"the demo was over: {demo.process.communicate()[1][-2_000:]}"
        assert time.monotonic() < ends, f"{name} does not run"
        time.sleep(0.1)
    return process


def _wait_until_all_run(demo: Demo) -> dict[str, psutil.Process]:
    ends = time.monotonic() + 30
    while len(running := demo.running()) < len(NAMES):
        assert time.monotonic() < ends, set(NAMES) - set(running)
        time.sleep(0.2)
    return running

"""The past that the bench writes: an interrupt ends it at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench import stored, trade
from bench.ground import Ground
from bench.walk import SETTINGS
from intendly.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

_SLEEPERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def settings() -> Iterator[Settings]:
    with closing(Ground(durable=False)) as ground:
        yield ground.site(**SETTINGS)


def test_an_interrupt_waits_for_no_statement(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "ROWS", dict.fromkeys(("intents", "bids", "events"), "SELECT pg_sleep(600)"))

    def interrupt() -> None:
        while _sleepers(settings) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        stored.fill(settings, 1_000)
    assert _sleepers(settings) == 0


def _sleepers(settings: Settings) -> int:
    """Statements that last too long, this one not among them."""
    with trade.connected(settings) as at:
        at.execute(_SLEEPERS)
        return int(at.fetchall()[0][0])

"""The lock goes from a holder that does not ask for it any more, and that one learns of it before it acts."""

from __future__ import annotations

import time

import pytest

from intendly.adapters.db.advisory_lock import AdvisoryLock

pytestmark = pytest.mark.integration

KEY = 4711


def lock(database_url: str, patience_s: float) -> AdvisoryLock:
    url = database_url.replace("://", "+psycopg2://", 1)
    return AdvisoryLock(url, KEY, application="test", check_s=0.02, patience_s=patience_s)


def until_held(one: AdvisoryLock) -> None:
    ends = time.monotonic() + 10
    while not one.held():
        assert time.monotonic() < ends, "it is never free"
        time.sleep(0.03)


def test_a_holder_that_hangs_loses_it_and_learns_that_before_it_acts(database_url: str) -> None:
    hung, other = lock(database_url, 0.3), lock(database_url, 10)
    until_held(hung)
    assert not other.held()
    until_held(other)
    assert not hung.held()
    other.release()
    until_held(hung)
    hung.release()

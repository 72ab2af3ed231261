"""Accepting by groups on a real database: one statement whatever the number, and a poisoned row harms no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from intendly_sdk.messages import IntentState
from intendly_sdk.signatures import Signer
from sqlalchemy.exc import DBAPIError, OperationalError

from intendly.adapters.db.engine import Database
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.group import Group
from intendly.domain.errors import NonceSpent, Refused, TooManyOpenIntents
from intendly.domain.intent import NewIntent
from intendly.domain.reasons import Reason
from intendly.services.ports import Accepted
from tests.integration.statements import statements
from tests.integration.web.world import Rows, signed_intent

pytestmark = pytest.mark.integration


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(
        database_url.replace("://", "+psycopg2://", 1), pool_size=4, application="test", statement_timeout_ms=3_000
    )
    yield database
    database.dispose()


@pytest.fixture
def store(database: Database) -> IntentStore:
    return IntentStore(database, open_max=5)


def new(swapper: Signer | None = None, **changes: Any) -> NewIntent:
    signed = signed_intent(swapper or Signer(os.urandom(32)), **changes)
    return NewIntent(signed.intent.hash, signed, Reason.ACCEPTED, 0)


def poisoned() -> NewIntent:
    """One that only the database would refuse: its amount does not fit."""
    one = new()
    intent = one.signed.intent.model_copy(update={"amount_in": 2**256})
    return NewIntent(one.hash, one.signed.model_copy(update={"intent": intent}), one.reason, 0)


@pytest.mark.parametrize("number", [1, 100])
def test_it_is_one_statement_whatever_the_number(database: Database, store: IntentStore, number: int) -> None:
    with statements(database) as seen:
        outcomes = store.accept_many([new() for _ in range(number)])
    assert len(seen) == 1
    assert all(isinstance(outcome, Accepted) and outcome.created for outcome in outcomes)


def test_each_of_a_group_has_its_own_outcome(store: IntentStore, database_url: str) -> None:
    rows = Rows(database_url)
    swapper = Signer(os.urandom(32))
    known, spent, good = new(), new(swapper), new()
    store.accept_many([known])
    rows.run("INSERT INTO spent_nonces VALUES (%s, %s)", bytes(swapper.address), spent.signed.intent.nonce)
    outcomes = store.accept_many([good, spent, known, good])
    assert [type(outcome) for outcome in outcomes] == [Accepted, NonceSpent, Accepted, Accepted]
    assert [one.created for one in outcomes if isinstance(one, Accepted)] == [True, False, False]
    assert (rows.count("intents"), rows.count("outbox")) == (2, 2)


def test_the_cap_counts_the_group_too(store: IntentStore) -> None:
    swapper = Signer(os.urandom(32))
    outcomes = store.accept_many([new(swapper) for _ in range(3)]) + store.accept_many([new(swapper) for _ in range(4)])
    assert [isinstance(outcome, TooManyOpenIntents) for outcome in outcomes] == [False] * 5 + [True] * 2


def test_a_poisoned_row_fails_alone(store: IntentStore, database_url: str) -> None:
    commits: Group[NewIntent, Accepted | Refused] = Group(store.accept_many)
    good = [new() for _ in range(30)]
    handed_in = [*good[:10], poisoned(), *good[10:20], poisoned(), *good[20:]]

    def submit(one: NewIntent) -> Accepted | Refused | Exception:
        (outcome,) = commits.submit([one])
        return outcome

    with ThreadPoolExecutor(len(handed_in)) as pool:
        outcomes = list(pool.map(submit, handed_in))
    for one, outcome in zip(handed_in, outcomes, strict=True):
        assert isinstance(outcome, DBAPIError) == (one.signed.intent.amount_in == 2**256)
    rows = Rows(database_url)
    assert rows.count("intents") == rows.count("outbox") == 30


def test_a_twin_that_commits_meanwhile_is_found(store: IntentStore, database_url: str) -> None:
    """Another process inserted the same intent, uncommitted when this statement began: it waits, then sees it."""
    one = new()
    template = new()
    store.accept_many([template])
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE twin AS SELECT * FROM intents")
        cursor.execute("UPDATE twin SET hash = %s", (bytes(one.hash),))
        cursor.execute("INSERT INTO intents SELECT * FROM twin")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.accept_many, [one])
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            other.commit()
            (outcome,) = waiting.result(timeout=5)
            assert isinstance(outcome, Accepted)
            assert (outcome.state, outcome.created) == (IntentState.OPEN, False)
    rows = Rows(database_url)
    assert (rows.count("intents"), rows.count("outbox")) == (2, 1)


def test_nothing_is_answered_that_is_not_committed(store: IntentStore, database_url: str) -> None:
    """A writer that cannot go on within its time limit fails, and leaves nothing."""
    one = new()
    with closing(psycopg2.connect(database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError):
            store.accept_many([one])
        blocker.rollback()
    assert Rows(database_url).count("intents") == 0
    assert isinstance(store.accept_many([one])[0], Accepted)

"""The migrations go up and down on full tables, make what the code's tables say, and wait for no lock for long."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from intendly_sdk.primitives import Address, Hash32
from sqlalchemy import Engine, create_engine, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError
from sqlalchemy.pool import NullPool

from intendly.adapters.db import migrate
from intendly.adapters.db.tables import metadata, solvers, spent_nonces, tokens

pytestmark = pytest.mark.integration


@pytest.fixture
def url(database_url: str) -> str:
    return database_url.replace("://", "+psycopg2://", 1)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(name: str | None, kind: str, parents: object) -> bool:
    """The partitions of a table come and go without a migration."""
    return not (kind == "table" and name is not None and name.startswith("events_"))


def test_down_and_up_again_on_full_tables(engine: Engine, url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO outbox (kind) SELECT 'intent.accepted' FROM generate_series(1, 20000)"))
        connection.execute(
            text(
                "INSERT INTO spent_nonces (swapper, nonce)"
                " SELECT decode(lpad(to_hex(n), 40, '0'), 'hex'), n FROM generate_series(1, 20000) n"
            )
        )
    migrate.downgrade(url, "base")
    with engine.connect() as connection:
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    assert left == ["alembic_version"]
    migrate.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM outbox")).scalar() == 0


def test_refusals_come_and_go_beside_the_answers_that_are_there(engine: Engine, url: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO auctions (id, opened_at, closes_at, secret, secret_hash)"
                " SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), now(), now(), sha256(''), sha256('')"
                " FROM generate_series(1, 2000) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO auction_solvers (auction_id, solver, answer)"
                " SELECT id, substr(id, 13), 'failed' FROM auctions"
            )
        )
    migrate.downgrade(url, "0004")
    migrate.upgrade(url)
    with engine.connect() as connection:
        answers = connection.execute(text("SELECT answer, refusal, count(*) FROM auction_solvers GROUP BY 1, 2")).all()
    assert answers == [("failed", None, 2000)]


def test_a_migration_gives_up_on_a_lock_and_leaves_the_schema_as_it_was(engine: Engine, url: str) -> None:
    with engine.begin() as busy:
        busy.execute(text("LOCK TABLE spent_nonces IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate.downgrade(url, "base")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM intents")).scalar() == 0


def test_two_migrations_at_once_take_turns(database_url: str, url: str) -> None:
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT pg_advisory_lock(%s)", (migrate._ONE_AT_A_TIME,))
        second = pool.submit(migrate.downgrade, url, "base")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        cursor.execute("SELECT count(*) FROM intents")
        other.commit()
        cursor.execute("SELECT pg_advisory_unlock(%s)", (migrate._ONE_AT_A_TIME,))
        second.result(timeout=10)


@pytest.mark.parametrize("nonce", [0, 1, 2**255, 2**256 - 1])
def test_an_amount_comes_back_to_the_last_digit(engine: Engine, nonce: int) -> None:
    row = {"swapper": Address(b"\x01" * 20), "nonce": nonce}
    with engine.begin() as connection:
        connection.execute(insert(spent_nonces).values(row))
        got = connection.execute(select(spent_nonces)).one()
    assert (got.swapper, got.nonce) == (row["swapper"], nonce)
    assert isinstance(got.nonce, int)


@pytest.mark.parametrize("nonce", [-1, 2**256])
def test_an_amount_out_of_range_is_refused_before_and_by_the_table(engine: Engine, nonce: int) -> None:
    with engine.begin() as connection, pytest.raises(StatementError, match="2\\^256-1"):
        connection.execute(insert(spent_nonces).values(swapper=Address(bytes(20)), nonce=nonce))
    with engine.connect() as connection, pytest.raises((IntegrityError, DataError)):
        connection.execute(
            text("INSERT INTO spent_nonces VALUES (:swapper, :nonce)"), {"swapper": bytes(20), "nonce": nonce}
        )


def test_a_hash_of_another_length_is_refused_by_the_table(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(
            text("INSERT INTO left_out VALUES (:short, :solver, :short)"), {"short": b"\x01" * 31, "solver": bytes(20)}
        )


def test_fixed_types_refuse_what_is_too_short(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(StatementError, match="expected 20 bytes"):
        connection.execute(select(tokens).where(tokens.c.address == b"\x01"))
    with engine.connect() as connection:
        assert connection.execute(select(solvers).where(solvers.c.address == Address(bytes(20)))).all() == []
    assert Hash32(bytes(32)) == bytes(32)

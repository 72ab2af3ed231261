"""The real parts as fixtures: PostgreSQL, Valkey and anvil of the tests' own, never those of the environment.

A variable that is exported for a running venue must not point a test at it: every variable that `Settings` reads is
taken out of the environment first. `--use-external` leaves them, and the fixtures use DATABASE_URL, REDIS_URL and
RPC_URLS where they are set.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from intendly.adapters.embedded import embedded_anvil, embedded_postgres, embedded_valkey
from intendly.adapters.embedded.json_rpc import call
from intendly.settings import Settings
from tests.external import Chain, ExternalChain, ExternalPostgres, ExternalRedis, PostgresServer, RedisServer

_TEMPLATE = "intendly_test_template"
_MAINTENANCE = "postgres"
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--use-external", action="store_true", help="honour DATABASE_URL, REDIS_URL and RPC_URLS of the environment"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--use-external"):
        for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
            del os.environ[name]


@pytest.fixture(scope="session")
def parts_dir() -> Iterator[Path]:
    """The data folder of the session's embedded parts, removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="intendly-test-"))
    folder.chmod(0o755)  # a server that runs as nobody goes through it
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="intendly-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(parts_dir: Path) -> Iterator[PostgresServer]:
    """One PostgreSQL server for the session."""
    if url := os.environ.get("DATABASE_URL"):
        yield ExternalPostgres(url)
        return
    with embedded_postgres(parts_dir, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database with the newest schema and no rows, to copy from."""
    from intendly.adapters.db.migrate import upgrade  # only those who need a database wait for it

    _administer(postgres, f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)", f"CREATE DATABASE {_TEMPLATE}")
    upgrade(postgres.url_of(_TEMPLATE).replace("://", "+psycopg2://", 1))
    yield _TEMPLATE
    _administer(postgres, f"DROP DATABASE {_TEMPLATE} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """A migrated, empty database for one test."""
    yield from _fresh_database(postgres, migrated_template)


@pytest.fixture(scope="module")
def module_database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """A migrated, empty database for the tests of one file."""
    yield from _fresh_database(postgres, migrated_template)


@pytest.fixture(scope="session")
def valkey(parts_dir: Path) -> Iterator[RedisServer]:
    """One Valkey server for the session."""
    if url := os.environ.get("REDIS_URL"):
        yield ExternalRedis(url)
        return
    with embedded_valkey(parts_dir, durable=False) as server:
        yield server


@pytest.fixture
def redis_url(valkey: RedisServer) -> str:
    """An empty Redis database for one test."""
    url = valkey.url_of(next(_numbers) % 16)
    with closing(redis.Redis.from_url(url)) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A fresh chain for the tests of one file; a transaction is mined as soon as it arrives."""
    if urls := os.environ.get("RPC_URLS"):
        url = urls.split(",")[0].strip()
        yield ExternalChain(url, int(str(call(url, "eth_chainId")), 16))
        return
    with embedded_anvil(tmp_path_factory.mktemp("chain"), durable=False) as chain:
        yield chain


def _fresh_database(server: PostgresServer, template: str) -> Iterator[str]:
    name = f"intendly_test_{os.getpid()}_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url_of(name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: PostgresServer, *statements: str) -> None:
    with closing(psycopg2.connect(server.url_of(_MAINTENANCE))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

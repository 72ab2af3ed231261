"""The fixtures keep the tests away from the servers of the environment, and apart from each other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from intendly.adapters.embedded.json_rpc import call
from tests.external import Chain, PostgresServer

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PROBE = """
import os
def test_what_it_sees(postgres, valkey):
    print("SEES", os.environ.get("DATABASE_URL"), postgres.url_of("x"), valkey.url_of(3))
"""


def _tables(url: str) -> set[str]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_migrated_database_of_its_own(database_url: str, turn: int) -> None:
    tables = _tables(database_url)
    assert {"intents", "alembic_version"} <= tables
    assert "left_behind" not in tables
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE left_behind ()")
        connection.commit()


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_redis(redis_url: str, turn: int) -> None:
    with closing(redis.Redis.from_url(redis_url)) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_chain_mines_at_once(anvil: Chain) -> None:
    accounts = call(anvil.rpc_url, "eth_accounts")
    assert isinstance(accounts, list)
    sent = call(anvil.rpc_url, "eth_sendTransaction", {"from": accounts[0], "to": accounts[1], "value": "0x1"})
    end = time.monotonic() + 0.9
    while (receipt := call(anvil.rpc_url, "eth_getTransactionReceipt", sent)) is None:
        assert time.monotonic() < end
    assert isinstance(receipt, dict)
    assert receipt["blockNumber"] == "0x1"


def _run_probe(tmp_path: Path, *flags: str) -> str:
    """The line that a test prints which runs under this very conftest, with servers exported."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_probe.py").write_text(PROBE)
    exported = {"DATABASE_URL": "postgresql://a:b@production/main", "REDIS_URL": "redis://production:6379/2"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", *flags, str(tmp_path)],
        env=os.environ | exported | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if "SEES" in line)


def test_exported_servers_are_ignored(tmp_path: Path) -> None:
    seen = _run_probe(tmp_path)
    assert "SEES None" in seen
    assert "production" not in seen
    assert "@127.0.0.1:" in seen


def test_a_flag_honours_them(tmp_path: Path) -> None:
    seen = _run_probe(tmp_path, "--use-external")
    assert "postgresql://a:b@production/x" in seen
    assert "redis://production:6379/2" in seen


def test_the_server_is_this_sessions_own(postgres: PostgresServer, parts_dir: Path) -> None:
    with closing(psycopg2.connect(postgres.url_of("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        assert cursor.fetchone() == (str(parts_dir / "postgres"),)

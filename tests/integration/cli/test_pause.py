"""`intendly pause` and `resume`: a row that every process reads, and the contract's own pause."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from intendly_sdk.primitives import HexBytes
from typer.testing import CliRunner

from cli.options import OptionError
from cli.program import app
from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import TransactionFailed
from intendly.adapters.chain.keys import load_or_make_key
from intendly.adapters.db.engine import Database
from intendly.adapters.db.migrate import upgrade
from intendly.adapters.db.pause import PauseStore
from intendly.adapters.embedded import embedded_postgres
from intendly.domain.errors import Conflict
from intendly.settings import SettingsError
from tests.venue import LocalChain, local_chain

__all__ = ["local_chain"]
pytestmark = pytest.mark.integration


def run(env: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*arguments, "--json"], env=env)
    if done.exception:
        raise done.exception
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rows(url: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT reason, since FROM pause")
        return cursor.fetchall()


def is_paused(chain: LocalChain) -> bool:
    paused = artifacts.forge("Settlement").interface["paused"]
    request = {"to": str(chain.deployment.settlement), "data": str(HexBytes(paused.encode()))}
    return bool(paused.decode(HexBytes(chain.rpc.call("eth_call", request, "latest"))))


def test_a_pause_lasts_until_it_is_lifted_and_may_be_said_twice(database_url: str) -> None:
    env = {"DATABASE_URL": database_url}
    assert run(env, "pause", "--reason", "an upgrade") == {"paused": True, "reason": "an upgrade", "contract": None}
    ((reason, since),) = rows(database_url)
    assert reason == "an upgrade"
    assert run(env, "pause", "--reason", "it takes longer")["paused"] is True
    assert rows(database_url) == [("it takes longer", since)]
    for _ in range(2):
        assert run(env, "resume") == {"paused": False, "reason": None, "contract": None}
        assert rows(database_url) == []


def test_it_is_read_at_most_once_in_its_time(database_url: str) -> None:
    database = Database(database_url.replace("://", "+psycopg2://", 1), pool_size=1, application="test")
    store, keeps = PauseStore(database, fresh_for_s=0), PauseStore(database, fresh_for_s=3_600)
    assert (store.reason(), keeps.reason()) == (None, None)
    store.pause("now")
    assert (store.reason(), keeps.reason()) == ("now", None)
    assert store.resume()
    assert not store.resume()
    database.dispose()


def test_the_contract_is_paused_and_unpaused_once(database_url: str, local_chain: LocalChain) -> None:
    env = local_chain.env() | {"DATABASE_URL": database_url}
    sent = run(env, "pause", "--on-chain")["contract"]
    assert sent["paused"]
    receipt = local_chain.rpc.call("eth_getTransactionReceipt", sent["tx_hash"])
    assert (int(receipt["status"], 16), int(receipt["blockNumber"], 16)) == (1, sent["block"])
    assert is_paused(local_chain)
    assert run(env, "pause", "--on-chain")["contract"] == {"paused": True, "tx_hash": None, "block": None}
    with pytest.raises(Conflict, match=r"Settlement is paused, .*: intendly resume --on-chain"):
        run(env, "resume")
    assert is_paused(local_chain), "lifted on chain only where that is asked for"
    assert len(rows(database_url)) == 1, "what is won could not settle"
    done = CliRunner().invoke(app, ["resume", "--on-chain"], env=env)
    assert done.exit_code == 0
    assert done.output.startswith("resumed: new work is taken within a second\nSettlement was unpaused: transaction 0x")
    assert not is_paused(local_chain)
    run(env, "pause")
    assert run(env, "resume")["contract"] == {"paused": False, "tx_hash": None, "block": None}


@pytest.mark.parametrize("broken", [{"RPC_URLS": "http://127.0.0.1:1"}, {"DEPLOYMENT_FILE": "/nonexistent"}])
def test_a_resume_goes_on_where_the_chain_cannot_be_asked(
    database_url: str, local_chain: LocalChain, broken: dict[str, str]
) -> None:
    env = local_chain.env() | {"DATABASE_URL": database_url} | broken
    run(local_chain.env() | {"DATABASE_URL": database_url}, "pause")
    done = CliRunner().invoke(app, ["resume", "--json"], env=env)
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"paused": False, "reason": None, "contract": None}
    assert "warning: whether Settlement is paused is not known: " in done.stderr
    assert rows(database_url) == []


def test_a_key_that_may_not_pause_is_told_and_the_api_stays_paused(
    database_url: str, local_chain: LocalChain, tmp_path: Path
) -> None:
    key = tmp_path / "stranger.key"
    stranger = load_or_make_key(key)
    local_chain.rpc.call("anvil_setBalance", str(stranger.address), hex(10**18))
    env = local_chain.env() | {"DATABASE_URL": database_url, "PAUSER_KEY_FILE": str(key)}
    with pytest.raises(TransactionFailed, match=r"Settlement\.pause"):
        run(env, "pause", "--on-chain")
    assert not is_paused(local_chain)
    assert len(rows(database_url)) == 1


def test_the_venue_that_runs_is_found_by_its_folder(world_folder: Path) -> None:
    env = {"DATA_DIR": str(world_folder / "data")}
    with pytest.raises(SettingsError, match="DATABASE_URL: not set, and no venue runs in"):
        run(env, "pause")
    with embedded_postgres(world_folder / "data", durable=False) as server:
        upgrade(server.url.replace("://", "+psycopg2://", 1))
        assert run(env, "pause")["reason"] == "maintenance"
        assert [reason for reason, _ in rows(server.url)] == ["maintenance"]
    with pytest.raises(SettingsError, match="no venue runs in"):
        run(env, "resume")


@pytest.mark.parametrize("reason", [" ", "x" * 201, "two\nlines", "a \x1b[31mred one", "\u202eback"])
def test_a_reason_is_one_line_of_words(database_url: str, reason: str) -> None:
    with pytest.raises(OptionError, match=r"^--reason: expected one line of 1 to 200 characters"):
        run({"DATABASE_URL": database_url}, "pause", "--reason", reason)
    assert rows(database_url) == []

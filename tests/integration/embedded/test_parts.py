"""Each part as its users meet it: shut to strangers, sole in its folder, back after a crash."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from intendly.adapters.embedded import EmbeddedError, embedded_anvil, embedded_parts, embedded_postgres, embedded_valkey
from intendly.adapters.embedded.account import server_account
from intendly.adapters.embedded.chain_state import CHECKPOINT, EXIT_DUMP
from intendly.adapters.embedded.child import spawn
from intendly.adapters.embedded.json_rpc import call
from intendly.adapters.embedded.ports import free_port

pytestmark = pytest.mark.integration


def _block(rpc_url: str, number: int) -> object:
    block = call(rpc_url, "eth_getBlockByNumber", hex(number), False)
    return block["hash"] if isinstance(block, dict) else None


def test_strangers_are_shut_out_and_no_secret_shows(world_folder: Path) -> None:
    with embedded_postgres(world_folder, durable=False) as postgres, embedded_valkey(world_folder) as valkey:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(postgres.url.replace(postgres.password, "guess"))
        with (
            closing(redis.Redis(host="127.0.0.1", port=valkey.port, retry=Retry(NoBackoff(), 0))) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        for part in (postgres, valkey):
            assert part.password not in repr(part)
            argv = (
                Path(f"/proc/{part.child.pid}/cmdline").read_text() + Path(f"/proc/{part.child.pid}/comm").read_text()
            )
            assert part.password not in argv
        for file in (world_folder / "keys").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((world_folder / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_only_loopback_is_listened_on(world_folder: Path) -> None:
    with embedded_parts(world_folder, durable=False) as parts:
        assert parts.postgres
        assert parts.valkey
        assert parts.anvil
        ports = {f"{part.port:04X}" for part in (parts.postgres, parts.valkey, parts.anvil)}
        tables = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        listening = [row.split()[1] for row in tables.splitlines() if " 0A " in row]
        ours = [address for address in listening if address.rpartition(":")[2] in ports]
        assert len(ours) == 3
        assert {address.rpartition(":")[0] for address in ours} == {"0100007F"}


def test_a_folder_has_one_holder_who_is_named(world_folder: Path) -> None:
    with embedded_valkey(world_folder):
        refused = pytest.raises(EmbeddedError, match=rf"valkey in .* is in use by process {os.getpid()}")
        with refused, embedded_valkey(world_folder):
            pass


def test_a_taken_port_is_left_to_its_holder(world_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with embedded_postgres(world_folder, port=port, durable=False) as postgres:
            assert postgres.port != port
        with embedded_anvil(world_folder, port=port) as anvil:
            assert anvil.port != port


def test_chains_that_start_at_once_on_one_port_are_each_its_own(world_folder: Path) -> None:
    """None speaks to another's."""
    wanted, together = free_port(), threading.Barrier(4)

    def chain(number: int) -> tuple[int, object]:
        together.wait()
        with embedded_anvil(world_folder / str(number), port=wanted) as one:
            together.wait()
            call(one.rpc_url, "anvil_setBalance", "0x" + "ab" * 20, hex(number + 1))
            together.wait()
            return one.port, call(one.rpc_url, "eth_getBalance", "0x" + "ab" * 20, "latest")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(chain, range(4)))
    assert len({port for port, _ in found}) == 4
    assert [balance for _, balance in found] == [hex(number + 1) for number in range(4)]


def test_a_stale_pid_file_is_no_obstacle(world_folder: Path) -> None:
    """The number in it belongs to another process of the very user that PostgreSQL runs as."""
    with embedded_postgres(world_folder, durable=False):
        pass
    account = server_account(world_folder / "postgres", [])
    other = spawn("sleep", ["sleep", "60"], env={"PATH": os.environ["PATH"]}, account=account)
    file = world_folder / "postgres" / "postmaster.pid"
    file.write_text(f"{other.pid}\n{world_folder / 'postgres'}\n1\n5432\n\n127.0.0.1\n")
    with embedded_postgres(world_folder, durable=False) as postgres:
        psycopg2.connect(postgres.url).close()
    other.stop()


def test_an_interrupted_first_start_is_begun_anew(world_folder: Path) -> None:
    (world_folder / "postgres.new" / "cluster").mkdir(parents=True)
    (world_folder / "postgres.new" / "cluster" / "half").touch()
    with embedded_postgres(world_folder, durable=False) as postgres:
        psycopg2.connect(postgres.url).close()


def test_data_of_another_major_version_is_refused(world_folder: Path) -> None:
    with embedded_postgres(world_folder, durable=False):
        pass
    (world_folder / "postgres" / "PG_VERSION").write_text("17\n")
    refused = pytest.raises(EmbeddedError, match="was made by PostgreSQL 17")
    with refused, embedded_postgres(world_folder, durable=False):
        pass


def test_valkey_killed_keeps_what_was_written(world_folder: Path) -> None:
    with embedded_valkey(world_folder) as valkey:
        with closing(redis.Redis.from_url(valkey.url)) as client:
            client.set("kept", "yes")
        valkey.child.process.kill()
        valkey.child.process.wait()
    with embedded_valkey(world_folder) as valkey, closing(redis.Redis.from_url(valkey.url)) as client:
        assert client.get("kept") == b"yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_a_chain_goes_on_where_it_was_and_a_new_one_differs(world_folder: Path) -> None:
    with embedded_anvil(world_folder / "one", chain_id=777) as chain:
        call(chain.rpc_url, "anvil_mine", "0x5")
        before = [_block(chain.rpc_url, number) for number in range(6)]
    time.sleep(1)  # block 0 is of the second in which the chain began
    with embedded_anvil(world_folder / "one", chain_id=777) as chain:
        assert [_block(chain.rpc_url, number) for number in range(6)] == before
        assert call(chain.rpc_url, "eth_chainId") == hex(777)
        finalized = call(chain.rpc_url, "eth_getBlockByNumber", "finalized", False)
        assert isinstance(finalized, dict)
        assert int(finalized["number"], 16) > 0
    with embedded_anvil(world_folder / "two", chain_id=777) as chain:
        assert _block(chain.rpc_url, 0) != before[0]


def test_a_chain_keeps_its_first_block_however_often_it_is_started(world_folder: Path) -> None:
    """anvil makes a block 0 at every start and dumps it beside the old ones; of several the last in the file counts."""
    dump = world_folder / "anvil" / EXIT_DUMP
    with embedded_anvil(world_folder, durable=False) as chain:
        call(chain.rpc_url, "anvil_mine", "0x2")
        before = [_block(chain.rpc_url, number) for number in range(3)]
    state = json.loads(dump.read_bytes())
    (first,) = [block for block in state["blocks"] if int(block["header"]["number"], 16) == 0]
    later = {**first, "header": {**first["header"], "timestamp": hex(int(first["header"]["timestamp"], 16) + 5)}}
    dump.write_text(json.dumps({**state, "blocks": [*state["blocks"], later]}))
    with embedded_anvil(world_folder, durable=False) as chain:
        assert [_block(chain.rpc_url, number) for number in range(3)] == before


def test_a_killed_chain_goes_on_from_its_checkpoint(world_folder: Path) -> None:
    with embedded_anvil(world_folder) as chain:
        call(chain.rpc_url, "anvil_mine", "0x5")
        before = [_block(chain.rpc_url, number) for number in range(6)]
        _wait_for(world_folder / "anvil" / CHECKPOINT)
        chain.child.process.send_signal(signal.SIGKILL)
        chain.child.process.wait()
    (world_folder / "anvil" / EXIT_DUMP).write_text('{"block": {"num')  # as a kill in the middle leaves it
    with embedded_anvil(world_folder) as chain:
        assert [_block(chain.rpc_url, number) for number in range(6)] == before


def test_a_chain_without_a_whole_state_is_refused(world_folder: Path) -> None:
    (world_folder / "anvil").mkdir()
    (world_folder / "anvil" / EXIT_DUMP).write_text('{"block": {"num')
    refused = pytest.raises(EmbeddedError, match=r"no state of the chain in .* is whole")
    with refused, embedded_anvil(world_folder):
        pass


def test_one_that_cannot_start_stops_the_others(world_folder: Path) -> None:
    (world_folder / "anvil").mkdir()
    (world_folder / "anvil" / CHECKPOINT).write_text("torn")
    with pytest.raises(EmbeddedError, match="no state of the chain"), embedded_parts(world_folder, durable=False):
        pass
    with embedded_valkey(world_folder), embedded_postgres(world_folder, durable=False):
        pass  # neither folder is held any more


def _wait_for(file: Path) -> None:
    end = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)

"""`intendly chain`: the chain goes on where it was, and says what keeps it from it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from intendly.adapters.embedded.json_rpc import call
from intendly.adapters.embedded.ports import free_port

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


@contextmanager
def running(port: int, folder: Path, host: str = "127.0.0.1") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "chain", "--port", str(port)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(folder), "BIND_HOST": host, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def _hash_of_block_0(url: str) -> str:
    block = call(url, "eth_getBlockByNumber", "0x0", False)
    assert isinstance(block, dict)
    return str(block["hash"])


def test_a_chain_that_is_stopped_goes_on_where_it_was(world_folder: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    genesis = []
    for _ in range(3):
        with running(port, world_folder) as chain:
            assert chain.stdout
            assert re.fullmatch(rf"chain 31337 at {url}\n", chain.stdout.readline())
            genesis.append(_hash_of_block_0(url))
            call(url, "anvil_mine", "0x5")
        assert chain.returncode == 0
    assert len(set(genesis)) == 1


def test_it_listens_where_bind_host_says(world_folder: Path) -> None:
    port = free_port()
    with running(port, world_folder, host="127.0.0.2") as chain:
        assert chain.stdout
        assert chain.stdout.readline() == f"chain 31337 at http://127.0.0.2:{port}\n"
        assert call(f"http://127.0.0.2:{port}", "eth_chainId") == hex(31_337)


def test_a_port_that_is_taken_is_named(world_folder: Path) -> None:
    port = free_port()
    with running(port, world_folder / "one") as first:
        assert first.stdout
        first.stdout.readline()
        with running(port, world_folder / "two") as second:
            assert second.wait(30) == 1
            assert second.stderr
            assert second.stderr.read() == f"--port: expected a free port, got {port}, which is taken\n"

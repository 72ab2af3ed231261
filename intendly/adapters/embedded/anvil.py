"""anvil as a child process, from the npm package that contracts/package-lock.json pins."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from intendly.adapters.embedded.chain_state import CHECKPOINT, EXIT_DUMP, latest_state, saved_regularly
from intendly.adapters.embedded.child import Child, spawn
from intendly.adapters.embedded.errors import EmbeddedError
from intendly.adapters.embedded.folder import PartFolder, held_folder
from intendly.adapters.embedded.json_rpc import RpcUnavailable, call
from intendly.adapters.embedded.ports import on_free_port

_BINARY = Path(__file__).parents[3] / "contracts" / "node_modules" / ".bin" / "anvil"

# Known to everyone, as anvil prints it: an account of it owns nothing on any chain but this one.
ANVIL_MNEMONIC = "test test test test test test test test test test test junk"


@dataclass(frozen=True)
class EmbeddedAnvil:
    """A running chain. The accounts of `ANVIL_MNEMONIC` hold 10,000 coins each."""

    port: int
    chain_id: int
    child: Child = field(repr=False)
    host: str = "127.0.0.1"

    @property
    def rpc_url(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextmanager
def embedded_anvil(
    data_dir: Path,
    *,
    chain_id: int = 31_337,
    port: int | None = None,
    host: str = "127.0.0.1",
    block_time_s: int | None = None,
    accounts: int = 20,
    durable: bool = True,
) -> Iterator[EmbeddedAnvil]:
    """Run a chain on the state in `data_dir`/anvil; stop it at the end.

    Without `block_time_s` each transaction is mined at once, alone. A chain that is found in the folder goes on where
    it was: block 0 keeps its hash for as long as the folder lives, every block and receipt is still there, but the
    state at blocks before the restart is not. A new chain has a new block 0. `safe` and `finalized` follow the tip by
    one and two epochs of one block. With `durable`, a chain that is killed itself, or with the machine, loses at most
    the last seconds. `port` is taken where it is free, else another is. Raises `EmbeddedError` that says what is wrong.
    """
    with held_folder("anvil", data_dir) as folder:
        folder.path.mkdir(mode=0o700, exist_ok=True)
        if not _BINARY.exists():
            raise EmbeddedError("anvil is not installed (contracts/node_modules): run `make setup`, or set RPC_URLS")
        options = ["--accounts", str(accounts), "--slots-in-an-epoch", "1"]
        options += ["--block-time", str(block_time_s)] if block_time_s else []
        state = latest_state(folder.path)
        options += ["--load-state", str(state)] if state else []
        chain = on_free_port(port, lambda at: _start(folder, options, chain_id, host, at))
        try:
            with saved_regularly(chain.rpc_url, folder.path / CHECKPOINT) if durable else nullcontext():
                yield chain
        finally:
            chain.child.stop()


def _start(folder: PartFolder, options: list[str], chain_id: int, host: str, port: int) -> EmbeddedAnvil:
    argv: list[str | Path] = [_BINARY.resolve(), "--host", host, "--port", str(port), "--quiet", *options]
    argv += ["--dump-state", EXIT_DUMP, "--state-interval", "31536000", "--cache-path", "cache"]
    argv += ["--chain-id", str(chain_id)]
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder.path), "LANG": "C.UTF-8"}
    with folder.log_path.open("wb") as log:
        child = spawn(
            "anvil",
            argv,
            env=env,
            cwd=folder.path,
            output=log,
            death_signal=signal.SIGTERM,  # writes its state, then ends
            held_fds=[folder.lock_fd],
        )
    chain = EmbeddedAnvil(port, chain_id, child, host)
    try:
        folder.wait_ready(child, lambda: _answers(chain))
    except BaseException:
        child.stop()
        raise
    return chain


def _answers(chain: EmbeddedAnvil) -> bool:
    try:
        return call(chain.rpc_url, "eth_chainId") == hex(chain.chain_id)
    except RpcUnavailable:
        return False

"""The state of an embedded chain on disk, never torn.

anvil writes its own dump in place: killed in the middle, it leaves half a file, and refuses to start from it. So it
dumps only at its end, into `EXIT_DUMP`, and while it runs this process asks for the state and replaces `CHECKPOINT`
whole. The next start takes whichever is complete and further on.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intendly.adapters.embedded.errors import EmbeddedError
from intendly.adapters.embedded.json_rpc import RpcUnavailable, call

CHECKPOINT = "checkpoint.json"
EXIT_DUMP = "exit.json"

# Seconds between two checkpoints, and the share of the time that making them may take as the chain grows.
_EVERY_S = 1.0
_SHARE = 0.05


def latest_state(folder: Path) -> Path | None:
    """The file to go on from, put right; None for a new chain.

    Raises `EmbeddedError` where there was one and none is whole.
    """
    found = [folder / name for name in (CHECKPOINT, EXIT_DUMP) if (folder / name).exists()]
    whole = {file: state for file in found if (state := _whole(file)) is not None}
    if found and not whole:
        raise EmbeddedError(
            f"no state of the chain in {folder} is whole; `make clean` removes it, and the database too"
        )
    latest = max(whole, key=lambda file: _number(whole[file]["best_block_number"]), default=None)
    if latest is not None:
        _keep_first_genesis(latest, whole[latest])
    return latest


def _whole(file: Path) -> dict[str, Any] | None:
    """A dump; None when it is torn."""
    try:
        state: dict[str, Any] = json.loads(file.read_bytes())
        _number(state["best_block_number"])
    except (ValueError, KeyError, TypeError):
        return None
    return state


def _keep_first_genesis(file: Path, state: dict[str, Any]) -> None:
    """anvil makes a block 0 of its own at every start and dumps it beside the loaded ones, in no order.

    When it loads several it takes the last for the chain's; only the oldest is the one that block 1 stands on.
    """
    blocks = state.get("blocks", [])
    zeros = [block for block in blocks if _number(block["header"]["number"]) == 0]
    if len(zeros) > 1:
        first = min(zeros, key=lambda block: _number(block["header"]["timestamp"]))
        kept = [first, *(block for block in blocks if _number(block["header"]["number"]) != 0)]
        _replace(file, json.dumps({**state, "blocks": kept}).encode())


def _number(value: str | int) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)


def _replace(file: Path, content: bytes) -> None:
    draft = file.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(file)


@contextmanager
def saved_regularly(rpc_url: str, file: Path) -> Iterator[None]:
    """Keep `file` at most a few seconds behind the chain while the block runs."""
    ended = threading.Event()
    saver = threading.Thread(target=_save_until, args=(ended, rpc_url, file), name="chain-state", daemon=True)
    saver.start()
    try:
        yield
    finally:
        ended.set()
        saver.join()


def _save_until(ended: threading.Event, rpc_url: str, file: Path) -> None:
    pause, saved = _EVERY_S, None
    while not ended.wait(pause):
        began = time.monotonic()
        try:
            height = call(rpc_url, "eth_blockNumber")
            if height != saved:
                _save(rpc_url, file)
                saved = height
        except RpcUnavailable:  # the chain is down: its own trouble is told where it is waited for
            continue
        pause = max(_EVERY_S, (time.monotonic() - began) / _SHARE)


def _save(rpc_url: str, file: Path) -> None:
    dump = str(call(rpc_url, "anvil_dumpState"))
    _replace(file, gzip.decompress(bytes.fromhex(dump.removeprefix("0x"))))

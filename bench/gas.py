"""What a fill costs on the chain. Gas is the same in every round, so it is measured once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from intendly_sdk.signatures import Signer

from bench.child import BenchError
from bench.fills import fills
from bench.rows import Reading, Rounds, Run, Spec, excess_at_most, subject, value_at_most
from intendly.adapters.chain.artifacts import CONTRACTS

_BARE: Final = "as many of the same swap sent bare to SwapRouter by the same traders, warm"
_UNISWAPX: Final = "UniswapX's published figure, its order cosigned"


@subject(
    Spec("gas.fill.one", "a fill through V3, its whole transaction", "gas", _BARE, excess_at_most(102_000)),
    Spec("gas.fill.of_10", "a fill in a batch of 10", "gas", _BARE, excess_at_most(32_000)),
    Spec("gas.fill.of_50", "a fill in a batch of 50", "gas", _BARE, excess_at_most(26_000)),
    Spec("gas.fill.of_10.traders", "the same of 10 traders, one each", "gas", _BARE, excess_at_most(32_000)),
    Spec("gas.fill.of_50.traders", "the same of 50 traders, one each", "gas", _BARE, excess_at_most(26_000)),
)
def gas_of_fills(run: Run) -> Rounds:
    ten, fifty = run.size(10, 2), run.size(50, 3)
    with fills(run.ground.new_folder("chain"), fifty) as world:
        first = world.traders[0]
        batches: dict[str, Sequence[Signer]] = {
            "gas.fill.one": [first],
            "gas.fill.of_10": [first] * ten,
            "gas.fill.of_50": [first] * fifty,
            "gas.fill.of_10.traders": world.traders[:ten],
            "gas.fill.of_50.traders": world.traders,
        }
        readings = {name: Reading(world.fill(traders), world.bare(traders)) for name, traders in batches.items()}
    while True:
        yield readings


@subject(
    Spec("gas.settle.one", "settle's inner call with a mock executor", "gas", _UNISWAPX, value_at_most(157_000)),
    Spec("gas.settle.two", "the same of two bundles", "gas", _UNISWAPX, value_at_most(208_000)),
)
def gas_of_settle(run: Run) -> Rounds:
    """forge measures it, as it measured UniswapX."""
    gas = _forge(run.ground.new_folder("snapshots"))
    readings = {
        "gas.settle.one": Reading(gas["one bundle, inner call, warm tokens"], 144_757),
        "gas.settle.two": Reading(gas["two bundles, inner call, warm tokens"], 192_695),
    }
    while True:
        yield readings


def _forge(folder: Path) -> dict[str, int]:
    """What the contracts' gas tests find now, by the words of contracts/snapshots. Raises `BenchError`."""
    with_node = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [CONTRACTS / "node_modules" / ".bin" / "forge", "test", "--match-path", "test/gas/Gas.t.sol"],
        cwd=CONTRACTS,
        env=os.environ | {"PATH": with_node, "FOUNDRY_SNAPSHOTS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"forge test: {done.stdout}{done.stderr}")
    found: dict[str, str] = json.loads((folder / "fills.json").read_text())
    return {words: int(figure) for words, figure in found.items()}

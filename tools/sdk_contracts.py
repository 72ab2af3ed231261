"""`python -m tools.sdk_contracts`: writes sdk/intendly_sdk/contracts.json anew, from what forge has built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
FILE: Final = ROOT / "sdk" / "intendly_sdk" / "contracts.json"
_DEPLOYED: Final = ("InventoryExecutor",)
_CALLED: Final = ("IERC20", "SolverRegistry")


def generated() -> dict[str, Any]:
    """By name: the ABI, and the bytecode of what a solver deploys itself."""
    told = {name: {"abi": _built(name)["abi"]} for name in _CALLED}
    for name in _DEPLOYED:
        built = _built(name)
        told[name] = {"abi": built["abi"], "bytecode": built["bytecode"]["object"]}
    return told


def written(found: dict[str, Any]) -> str:
    """As the file has it."""
    return json.dumps(found, indent=1) + "\n"


def _built(name: str) -> dict[str, Any]:
    built: dict[str, Any] = json.loads((ROOT / "contracts" / "out" / f"{name}.sol" / f"{name}.json").read_text())
    return built


if __name__ == "__main__":
    FILE.write_text(written(generated()))
    print(f"wrote {FILE.relative_to(ROOT)}")

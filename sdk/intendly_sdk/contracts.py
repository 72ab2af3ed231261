"""The contracts that a solver deploys or calls, as any Ethereum library takes them: ABI and creation bytecode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Contract:
    """`bytecode`, 0x and hex, creates it once the constructor's arguments follow; empty where it is only called."""

    abi: list[dict[str, Any]]
    bytecode: str = ""


def contract(name: str) -> Contract:
    """`InventoryExecutor`, to deploy; `SolverRegistry` and `IERC20`, to call. Raises `KeyError` for any other."""
    return Contract(**_told()[name])


@cache
def _told() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(files("intendly_sdk").joinpath("contracts.json").read_text())
    return told

"""The contracts as forge built them: ABI and bytecode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from solvers.settings import SettingsError


def read_artifact(contracts_out: Path, name: str) -> dict[str, Any]:
    """forge's artifact of a contract. Raises `SettingsError` when it was not built."""
    folder = contracts_out / f"{name}.sol"
    # forge puts a profile into the name where it built a contract with more than one.
    path = folder / f"{name}.default.json"
    path = path if path.exists() else folder / f"{name}.json"
    try:
        artifact: dict[str, Any] = json.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"CONTRACTS_OUT: {error.strerror}: {path} (build the contracts first)") from None
    return artifact

"""The contracts that come with the package are those of contracts/."""

from __future__ import annotations

import pytest
from intendly_sdk.contracts import contract

from tools import sdk_contracts


def test_they_are_what_forge_has_built() -> None:
    written = sdk_contracts.written(sdk_contracts.generated())
    assert sdk_contracts.FILE.read_text() == written, "run python -m tools.sdk_contracts, and commit what it writes"


def test_what_a_solver_needs_of_them_is_there() -> None:
    executor, registry, token = map(contract, ("InventoryExecutor", "SolverRegistry", "IERC20"))
    assert bytes.fromhex(executor.bytecode.removeprefix("0x"))
    assert {"register", "setKey", "setConsent", "isConsented"} <= {entry.get("name") for entry in registry.abi}
    assert {"transfer", "approve", "balanceOf"} <= {entry.get("name") for entry in token.abi}
    with pytest.raises(KeyError):
        contract("Settlement")

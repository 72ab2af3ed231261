"""Contracts as their builds left them: forge's for ours and for Permit2, Uniswap's own JSON, viem's Multicall3.

Nothing of a contract is written down in Python: ABI and bytecode are read from here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from intendly.adapters.chain.abi import Interface
from intendly.settings import SettingsError

CONTRACTS: Final = Path(__file__).resolve().parents[3] / "contracts"
_UNISWAP: Final = {
    "UniswapV2Factory": "v2-core/build/UniswapV2Factory.json",
    "UniswapV2Pair": "v2-core/build/UniswapV2Pair.json",
    "UniswapV2Router02": "v2-periphery/build/UniswapV2Router02.json",
    "WETH9": "v2-periphery/build/WETH9.json",
    "UniswapV3Factory": "v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
    "UniswapV3Pool": "v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
    "SwapRouter": "v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json",
    "QuoterV2": "v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json",
    "NonfungiblePositionManager": (
        "v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json"
    ),
}


@dataclass(frozen=True)
class Artifact:
    """One built contract. `runtime` has zeros where the constructor writes `immutables`, (start, length) each."""

    name: str
    interface: Interface = field(repr=False)
    creation: bytes = field(repr=False)
    runtime: bytes = field(repr=False, default=b"")
    immutables: tuple[tuple[int, int], ...] = field(repr=False, default=())

    def creation_code(self, *arguments: object) -> bytes:
        """What deploys it with these constructor arguments."""
        return self.creation + self.interface.encode_constructor(*arguments)

    def is_code(self, code: bytes) -> bool:
        """Whether `code` on chain is this build, whatever its immutables hold."""
        return bool(code) and self._without_immutables(code) == self._without_immutables(self.runtime)

    def _without_immutables(self, code: bytes) -> bytes:
        masked = bytearray(code)
        for start, length in self.immutables:
            masked[start : start + length] = bytes(length)
        return bytes(masked)


@cache
def forge(name: str) -> Artifact:
    """A contract of ours, from contracts/out. Raises `SettingsError` when it is not built."""
    folder = CONTRACTS / "out" / f"{name}.sol"
    # forge puts a profile into the file's name where it built the contract with more than one.
    by_profile = folder / f"{name}.default.json"
    return _forge(by_profile if by_profile.exists() else folder / f"{name}.json")


@cache
def permit2() -> Artifact:
    """The real Permit2, built as the one at the canonical address was."""
    return _forge(CONTRACTS / "out-permit2" / "Permit2.sol" / "Permit2.json")


@cache
def uniswap(name: str) -> Artifact:
    """A contract of Uniswap V2 or V3, as Uniswap published it."""
    data = _read(CONTRACTS / "node_modules" / "@uniswap" / _UNISWAP[name])
    code = data.get("evm", {}).get("deployedBytecode", {}).get("object") or data.get("deployedBytecode") or ""
    return Artifact(name, Interface(data["abi"]), _bytes(data["bytecode"]), _bytes(code))


@cache
def multicall3() -> Artifact:
    """Multicall3, as viem carries it for calls to chains that lack it, with forge-std's interface of it."""
    source = CONTRACTS / "node_modules" / "viem" / "constants" / "contracts.ts"
    found = re.search(r"multicall3Bytecode\s*=\s*'(0x[0-9a-f]+)'", _text(source))
    if found is None:
        raise SettingsError(f"{source} does not hold Multicall3's bytecode")
    return Artifact("Multicall3", forge("IMulticall3").interface, _bytes(found[1]))


def _forge(path: Path) -> Artifact:
    data = _read(path)
    references = data["deployedBytecode"].get("immutableReferences", {})
    return Artifact(
        path.stem.split(".")[0],
        Interface(data["abi"]),
        _bytes(data["bytecode"]["object"]),
        _bytes(data["deployedBytecode"]["object"]),
        tuple((place["start"], place["length"]) for places in references.values() for place in places),
    )


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_text(path))
    return data


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; `make setup` installs and builds the contracts") from None


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

"""Many reads of contracts at once, by Multicall3 in chunks: a few requests however many reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.exceptions import DecodingError
from intendly_sdk.primitives import Address, HexBytes

from intendly.adapters.chain.abi import Function
from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.rpc import Request, Rpc

CHUNK: Final = 200
"""Reads in one call, well within the gas that nodes give a call."""


@dataclass(frozen=True, slots=True)
class Read:
    """One view to call."""

    to: Address
    function: Function
    arguments: tuple[object, ...] = ()


class Multicall:
    """Multicall3 at its address on one chain."""

    def __init__(self, rpc: Rpc, address: Address) -> None:
        self._rpc = rpc
        self._address = str(address)
        self._aggregate = forge("IMulticall3").interface["aggregate3"]

    def read(self, reads: Sequence[Read], block: str = "latest") -> list[Any]:
        """What each returned, in order; None where it reverted or returned something else.

        Raises `ChainUnavailable`, and `RpcError` for a block that the endpoint does not have.
        """
        return self.values(reads, self._rpc.results(self.requests(reads, block)))

    def requests(self, reads: Sequence[Read], block: str = "latest") -> list[Request]:
        """The requests that `read` makes, for those who send them together with others."""
        return [
            ("eth_call", ({"to": self._address, "data": str(self._packed(chunk))}, block))
            for chunk in (reads[start : start + CHUNK] for start in range(0, len(reads), CHUNK))
        ]

    def values(self, reads: Sequence[Read], answers: Sequence[str]) -> list[Any]:
        """What each read returned, of the answers to these requests."""
        results = (result for answer in answers for result in self._aggregate.decode(HexBytes(answer)))
        return [_value(read, ok, data) for read, (ok, data) in zip(reads, results, strict=True)]

    def _packed(self, reads: Sequence[Read]) -> HexBytes:
        calls = [(read.to, True, read.function.encode(*read.arguments)) for read in reads]
        return HexBytes(self._aggregate.encode(calls))


def _value(read: Read, ok: bool, data: bytes) -> Any:
    if not ok:
        return None
    try:
        return read.function.decode(data)
    except DecodingError:
        return None

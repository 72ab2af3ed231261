"""Reading contracts: many view calls as one Multicall3 call, so that all answers are of the same block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from intendly_sdk.backoff import is_loopback
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, HexBytes


class ChainError(Exception):
    """The chain did not do what was asked: its endpoint failed, or it refused. Never names it: it may carry a key."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: where, with what, and how its answer reads."""

    to: Address
    data: bytes
    outputs: tuple[str, ...]


class View:
    """A contract's function to read: `View("balanceOf", ("address",), ("uint256",))`."""

    def __init__(self, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self._selector = keccak(f"{name}({','.join(inputs)})".encode())[:4]
        self._inputs = inputs
        self._outputs = outputs

    def at(self, address: Address, *arguments: object) -> Call:
        """A call of it. Addresses go in as they are or as hex."""
        return Call(address, self._selector + encode(self._inputs, arguments), self._outputs)


_AGGREGATE3 = keccak(b"aggregate3((address,bool,bytes)[])")[:4]
_CHAIN_ID = View("getChainId", (), ("uint256",))
_BLOCK_NUMBER = View("getBlockNumber", (), ("uint256",))
_BLOCK_TIME = View("getCurrentBlockTimestamp", (), ("uint256",))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the calls returned, in their order; None where one reverted. All of one block."""

    block_number: int
    block_time: int
    values: tuple[Any, ...]


class ChainCalls:
    """Makes read-only calls at the latest block. Safe to use from several threads."""

    def __init__(self, rpc_url: str, multicall3: Address, *, timeout: float = 2.0) -> None:
        self._client = httpx.Client(timeout=timeout, trust_env=not is_loopback(rpc_url))
        self._url = rpc_url
        self._multicall3 = multicall3

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def chain_id(self) -> int:
        """Which chain it is. Raises `ChainError`."""
        (found,) = self.read([_CHAIN_ID.at(self._multicall3)]).values
        if found is None:
            raise ChainError("multicall3 does not tell the chain: is it another contract?")
        return int(found)

    def read(self, calls: Sequence[Call]) -> Answers:
        """Make all calls in one. A call that returns one value gives it bare. Raises `ChainError`."""
        own = (_BLOCK_NUMBER.at(self._multicall3), _BLOCK_TIME.at(self._multicall3))
        every = (*own, *calls)
        packed = encode(["(address,bool,bytes)[]"], [[(call.to, True, call.data) for call in every]])
        returned = self._eth_call(_AGGREGATE3 + packed)
        try:
            results = decode(["(bool,bytes)[]"], returned)[0]
        except DecodingError:
            raise ChainError("multicall3 answered with something else: is it deployed?") from None
        values = [_decoded(call.outputs, data) if ok else None for call, (ok, data) in zip(every, results, strict=True)]
        number, seconds = values[:2]
        if number is None or seconds is None:
            raise ChainError("multicall3 does not tell the block: is it another contract?")
        return Answers(number, seconds, tuple(values[2:]))

    def _eth_call(self, data: bytes) -> bytes:
        call = {"to": str(self._multicall3), "data": str(HexBytes(data))}
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
        try:
            answer = self._client.post(self._url, json=request).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise ChainError(f"RPC_URL: eth_call: {type(error).__name__}") from None
        if "result" not in answer:
            raise ChainError(f"eth_call: {answer.get('error')}")
        return HexBytes(answer["result"])


def _decoded(outputs: tuple[str, ...], data: bytes) -> Any:
    # What a call returns is as its outputs say, or nothing: its caller knows which.
    try:
        values = decode(outputs, data)
    except DecodingError:
        return None
    return values[0] if len(outputs) == 1 else values

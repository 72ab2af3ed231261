"""The chain in block order, for the index: headers, and both contracts' logs as the domain's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from intendly_sdk.primitives import ZERO_ADDRESS, ZERO_HASH, Address, Hash32, HexBytes

from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.domain.chain import FAULTS, NOT_TRIED, STEPS, Block, BundleFailed, Filled, Log, Place, SolverChanged
from intendly.domain.deployment import Deployment
from intendly.domain.errors import ChainUnavailable, Conflict

log = structlog.get_logger(__name__)

FINAL_DEPTH: Final = 64
"""Blocks after which a chain that names no finalized head is taken to be final."""


class RpcChainReader:
    """`ChainReader` over JSON-RPC."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._registry = deployment.registry
        self._addresses = [str(deployment.settlement), str(deployment.registry)]
        self._registry_interface = forge("SolverRegistry").interface
        settlement = forge("Settlement").interface
        self._decoders: dict[Hash32, _Decoder] = {}
        self._events = {}
        for interface, decoders in ((settlement, _SETTLEMENT), (self._registry_interface, _REGISTRY)):
            for name, decoder in decoders.items():
                event = interface.events[name]
                self._events[event.topic] = event
                self._decoders[event.topic] = decoder
        self._topics = [[str(topic) for topic in self._decoders]]

    def head(self) -> Block:
        return _block(self._rpc.call("eth_getBlockByNumber", "latest", False))

    def final_number(self) -> int:
        return final_number(self._rpc)

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        answers = self._rpc.batch([("eth_getBlockByNumber", (hex(number), False)) for number in numbers])
        return [_block(answer) if isinstance(answer, dict) else None for answer in answers]

    def logs_between(self, first: int, last: int) -> list[Log]:
        return self._decode(self._rpc.call("eth_getLogs", self._filter(fromBlock=hex(first), toBlock=hex(last))))

    def logs_of(self, hashes: Sequence[Hash32]) -> list[Log]:
        answers = self._rpc.batch([("eth_getLogs", (self._filter(blockHash=str(value)),)) for value in hashes])
        if any(isinstance(answer, RpcError) for answer in answers):
            raise Conflict("a block of these is not on the chain any more")
        return [log for answer in answers for log in self._decode(answer)]

    def registered(self, solvers: Sequence[Address]) -> list[SolverChanged]:
        view = self._registry_interface["solverInfo"]
        to = str(self._registry)
        answers = self._rpc.results(
            [("eth_call", ({"to": to, "data": str(HexBytes(view.encode(solver)))}, "latest")) for solver in solvers]
        )
        return [
            _standing(solver, view.decode(HexBytes(answer))) for solver, answer in zip(solvers, answers, strict=True)
        ]

    def _filter(self, **where: str) -> dict[str, Any]:
        return {"address": self._addresses, "topics": self._topics, **where}

    def _decode(self, raw: Sequence[Mapping[str, Any]]) -> list[Log]:
        logs = []
        for entry in raw:
            topics = [Hash32(topic) for topic in entry["topics"]]
            place = Place(
                int(entry["blockNumber"], 16),
                Hash32(entry["blockHash"]),
                Hash32(entry["transactionHash"]),
                int(entry["logIndex"], 16),
            )
            fields = self._events[topics[0]].decode(topics, HexBytes(entry["data"]))
            logs.append(self._decoders[topics[0]](place, fields))
        return logs


def final_number(rpc: Rpc) -> int:
    """The newest block that the chain will not take back."""
    answer, head = rpc.batch([("eth_getBlockByNumber", ("finalized", False)), ("eth_blockNumber", ())])
    if isinstance(answer, dict):
        return int(answer["number"], 16)
    if isinstance(head, RpcError):
        raise ChainUnavailable("the chain does not tell its height")
    return max(0, int(head, 16) - FINAL_DEPTH)


def endpoint_of(raw: bytes) -> str:
    """A solver's endpoint, as anyone may have written it: an http(s) URL in printable ASCII, or none."""
    text = raw.decode("ascii", errors="replace")
    if text.startswith(("http://", "https://")) and all("!" <= letter <= "~" for letter in text):
        return text
    if text:
        log.warning("solver_endpoint_unusable", bytes=len(raw))
    return ""


def _block(raw: Any) -> Block:
    if not isinstance(raw, dict):
        raise ChainUnavailable("the chain has no latest block")
    return Block(int(raw["number"], 16), Hash32(raw["hash"]), Hash32(raw["parentHash"]), int(raw["timestamp"], 16))


def _fill(place: Place, fields: Mapping[str, Any]) -> Filled:
    return Filled(
        place,
        Hash32(fields["intentHash"]),
        Hash32(fields["bidHash"]),
        Address(fields["swapper"]),
        Address(fields["solver"]),
        fields["amountOut"],
        fields["fee"],
    )


def _bundle_failed(place: Place, fields: Mapping[str, Any]) -> BundleFailed:
    return BundleFailed(
        place,
        Hash32(fields["bidHash"]),
        Address(fields["solver"]),
        FAULTS[fields["fault"]],
        STEPS[fields["step"]],
        Hash32(fields["reason"]),
    )


def _not_tried(place: Place, fields: Mapping[str, Any]) -> BundleFailed:
    return BundleFailed(place, Hash32(fields["bidHash"]), ZERO_ADDRESS, NOT_TRIED, STEPS[0], ZERO_HASH)


def _solver_changed(place: Place, fields: Mapping[str, Any]) -> SolverChanged:
    key, endpoint = fields.get("signingKey"), fields.get("endpoint")
    return SolverChanged(
        place,
        Address(fields["solver"]),
        True,
        Address(key) if key is not None else None,
        endpoint_of(endpoint) if endpoint is not None else None,
    )


def _solver_left(place: Place, fields: Mapping[str, Any]) -> SolverChanged:
    return SolverChanged(place, Address(fields["solver"]), False, None, None)


def _standing(solver: Address, info: Any) -> SolverChanged:
    """How the registry has a solver now; its place is the beginning of the chain, since no log says it."""
    signing_key, _, endpoint = info
    key = Address(signing_key)
    return SolverChanged(Place(0, ZERO_HASH, ZERO_HASH, 0), solver, key != ZERO_ADDRESS, key, endpoint_of(endpoint))


_Decoder = Callable[[Place, Mapping[str, Any]], Log]
_SETTLEMENT: Final[dict[str, _Decoder]] = {"Fill": _fill, "BundleFailed": _bundle_failed, "NotTried": _not_tried}
_REGISTRY: Final[dict[str, _Decoder]] = {
    "SolverRegistered": _solver_changed,
    "SolverKeyChanged": _solver_changed,
    "SolverEndpointChanged": _solver_changed,
    "SolverDeregistered": _solver_left,
}

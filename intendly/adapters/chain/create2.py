"""Deployment at addresses that the code itself determines (EIP-1014), through the usual deployer contract.

So a second run finds what the first one put there, even where no file of the first is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32, HexBytes

from intendly.adapters.chain.account import Call
from intendly.adapters.chain.rpc import Request, Rpc

DEPLOYER: Final = Address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""Arachnid's proxy, on anvil and on nearly every chain. It takes the salt and the creation code."""


@dataclass(frozen=True)
class Placed:
    """A contract with the address that it has, or will have."""

    label: str
    creation_code: bytes = field(repr=False)
    salt: Hash32 = ZERO_HASH

    @property
    def address(self) -> Address:
        """keccak256(0xff ‖ deployer ‖ salt ‖ keccak256(creation code)), its last 20 bytes."""
        return Address(keccak(b"\xff" + DEPLOYER + self.salt + keccak(self.creation_code))[12:])

    def deploying(self, *, gas: int | None = None) -> Call:
        """The transaction that puts it there. It reverts where something is there already."""
        return Call(f"deploy {self.label}", DEPLOYER, self.salt + self.creation_code, gas=gas)


def codes(rpc: Rpc, addresses: Sequence[Address]) -> list[bytes]:
    """The code at each address; empty where there is none."""
    return [HexBytes(code) for code in rpc.results(code_requests(addresses))]


def code_requests(addresses: Sequence[Address]) -> list[Request]:
    """The requests that `codes` makes, for those who send them together with others."""
    return [("eth_getCode", [str(address), "latest"]) for address in addresses]

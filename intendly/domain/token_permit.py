"""Whether a token takes EIP-2612 permits of a form that we know, and what its owner signs to let Permit2 take it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from intendly_sdk.eip712_json import TOKEN_PERMIT_TYPE, token_permit_to_typed_data
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.typed_data import domain_separator


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """What a token says of itself; None where it does not answer. `nonce` is its owner's next one.

    `eip5267_name` and `eip5267_version` are those of eip712Domain() (EIP-5267).
    """

    separator: Hash32 | None = None
    nonce: int | None = None
    typehash: Hash32 | None = None
    name: bytes | None = None
    version: bytes | None = None
    eip5267_name: bytes | None = None
    eip5267_version: bytes | None = None


def token_permit(
    chain_id: int, token: Address, owner: Address, facts: PermitFacts, deadline: int
) -> dict[str, Any] | None:
    """The typed data that lets Permit2 take any amount until `deadline`, unix seconds.

    None where the token has no permit, or one whose domain or shape we can't prove: a domain that hashes to the
    token's own separator is the right one, and a typehash that is not EIP-2612's (DAI's) is another permit.
    """
    if facts.separator is None or facts.nonce is None:
        return None
    if facts.typehash not in (None, keccak(TOKEN_PERMIT_TYPE.encode())):
        return None
    for name, version in _named(facts):
        if domain_separator(name, version, chain_id, token) == facts.separator:
            domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": token.checksum}
            return token_permit_to_typed_data(domain, owner, facts.nonce, deadline)
    return None


def _named(facts: PermitFacts) -> Iterator[tuple[str, str]]:
    """The names and versions that its domain may have."""
    for name, version in (
        (facts.name, b"1"),
        (facts.name, facts.version),
        (facts.eip5267_name, facts.eip5267_version),
    ):
        if name is None or version is None:
            continue
        try:
            yield name.decode(), version.decode()
        except UnicodeDecodeError:
            continue

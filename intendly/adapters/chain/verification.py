"""Whether the contracts on a chain are the ones that were built, under the administration that was meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError
from intendly_sdk.primitives import Address, HexBytes

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.abi import Interface
from intendly.adapters.chain.artifacts import Artifact
from intendly.adapters.chain.create2 import codes
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.domain.deployment import Deployment

_SUBMITTER, _AUCTIONEER, _PAUSER = range(3)  # Types.sol: enum Role


class DeploymentMismatch(Exception):
    """What stands on the chain is not what was meant; the text names every difference."""


@dataclass(frozen=True)
class Administration:
    """Who may do what in Settlement from the start. A later grant of a role waits `grant_delay_s` seconds."""

    owner: Address
    fee_recipient: Address
    submitters: tuple[Address, ...]
    auctioneers: tuple[Address, ...]
    pausers: tuple[Address, ...]
    grant_delay_s: int = 2 * 86_400


def check_deployment(rpc: Rpc, deployment: Deployment, administration: Administration) -> None:
    """Raises `DeploymentMismatch`. A role that was granted later is no difference; one that is missing is."""
    wrong = _wrong_code(rpc, deployment)
    if not wrong:
        wrong = _wrong_values(rpc, deployment, administration)
    if wrong:
        raise DeploymentMismatch("; ".join(wrong))


def _wrong_code(rpc: Rpc, deployment: Deployment) -> list[str]:
    built: list[tuple[str, Address, Artifact | None]] = [
        ("Settlement", deployment.settlement, artifacts.forge("Settlement")),
        ("SolverRegistry", deployment.registry, artifacts.forge("SolverRegistry")),
        ("Permit2", deployment.permit2, artifacts.permit2()),
        ("Multicall3", deployment.multicall3, None),
        ("wrapped native coin", deployment.wrapped_native, None),
        *((token.symbol, token.address, None) for token in deployment.tokens),
    ]
    found = codes(rpc, [address for _, address, _ in built])
    here = list(zip(built, found, strict=True))
    return [f"{name} has no code at {address}" for (name, address, _), code in here if not code] + [
        f"the code at {address} is not the {name} that was built"
        for (name, address, artifact), code in here
        if code and artifact and not artifact.is_code(code)
    ]


def _wrong_values(rpc: Rpc, deployment: Deployment, administration: Administration) -> list[str]:
    settlement, permit2 = artifacts.forge("Settlement").interface, artifacts.permit2().interface
    expected: list[tuple[Address, Interface, str, tuple[object, ...], object]] = [
        (deployment.settlement, settlement, "owner", (), administration.owner),
        (deployment.settlement, settlement, "feeRecipient", (), administration.fee_recipient),
        (deployment.settlement, settlement, "GRANT_DELAY", (), administration.grant_delay_s),
        (deployment.settlement, settlement, "REGISTRY", (), deployment.registry),
        (deployment.settlement, settlement, "PERMIT2", (), deployment.permit2),
        (deployment.settlement, settlement, "domainSeparator", (), deployment.domain.separator),
        (deployment.settlement, settlement, "MAX_FEE_BPS", (), deployment.max_fee_bps),
        (deployment.permit2, permit2, "DOMAIN_SEPARATOR", (), deployment.domain.permit2_separator),
    ]
    roles: Sequence[tuple[int, tuple[Address, ...]]] = (
        (_SUBMITTER, administration.submitters),
        (_AUCTIONEER, administration.auctioneers),
        (_PAUSER, administration.pausers),
    )
    expected += [
        (deployment.settlement, settlement, "hasRole", (role, account), True)
        for role, accounts in roles
        for account in accounts
    ]
    answers = rpc.batch(
        [
            ("eth_call", [{"to": str(to), "data": str(HexBytes(interface[name].encode(*arguments)))}, "latest"])
            for to, interface, name, arguments, _ in expected
        ]
    )
    return [
        f"{name}({', '.join(map(str, arguments))}) of {to} is {_shown(value)}, expected {_shown(wanted)}"
        for (to, interface, name, arguments, wanted), answer in zip(expected, answers, strict=True)
        if (value := _value(interface, name, answer)) != wanted
    ]


def _value(interface: Interface, name: str, answer: object) -> Any:
    if isinstance(answer, RpcError):
        return answer
    try:
        value = interface[name].decode(HexBytes(str(answer)))
    except DecodingError:
        return None
    return Address(value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    return str(HexBytes(value)) if isinstance(value, bytes) else str(value)

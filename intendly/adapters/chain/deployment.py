"""Puts SolverRegistry and Settlement on a chain, and checks that what stands there is what was built.

Both go to addresses that their code and arguments determine, so it can be run twice: the second run finds them,
checks them, and changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.typed_data import PERMIT2
from pydantic import BaseModel, ConfigDict, ValidationError

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account
from intendly.adapters.chain.create2 import Placed, codes
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.adapters.chain.verification import Administration, check_deployment
from intendly.domain.deployment import Deployment, Token, UniswapV2, UniswapV3
from intendly.settings import SettingsError

log = structlog.get_logger(__name__)

MULTICALL3: Final = Address("0xcA11bde05977b3631167028862bE2a173976CA11")


class Surroundings(BaseModel):
    """What a chain has already, which the venue stands on. Permit2 and Multicall3 are where they are everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    permit2: Address = PERMIT2
    multicall3: Address = MULTICALL3
    wrapped_native: Address
    tokens: tuple[Token, ...]
    uniswap_v2: UniswapV2 | None = None
    uniswap_v3: UniswapV3 | None = None


@dataclass(frozen=True)
class Plan:
    """The two contracts, as they will stand."""

    registry: Placed
    settlement: Placed

    @property
    def both(self) -> tuple[Placed, Placed]:
        """In the order in which they are deployed: Settlement looks for the registry's code."""
        return self.registry, self.settlement


def plan(administration: Administration, permit2: Address = PERMIT2) -> Plan:
    """Where the contracts of this build go, under this administration."""
    registry = Placed("SolverRegistry", artifacts.forge("SolverRegistry").creation_code())
    settlement = artifacts.forge("Settlement").creation_code(
        permit2,
        registry.address,
        administration.owner,
        administration.fee_recipient,
        administration.grant_delay_s,
        administration.submitters,
        administration.auctioneers,
        administration.pausers,
    )
    return Plan(registry, Placed("Settlement", settlement))


def deploy(
    rpc: Rpc, account: Account, administration: Administration, surroundings: Surroundings, path: Path
) -> Deployment:
    """Deploy what is missing, check everything, write the deployment file at `path` in one step.

    Raises `SettingsError` for a file of another chain, `DeploymentMismatch` for what does not stand as built, and
    `TransactionFailed`.
    """
    chain_id, genesis_hash = chain_identity(rpc)
    known = read_deployment(path) if path.exists() else None
    if known is not None and (known.chain_id, known.genesis_hash) != (chain_id, genesis_hash):
        raise SettingsError(
            f"DEPLOYMENT_FILE: {path} is of chain {known.chain_id} with genesis {known.genesis_hash}; "
            f"RPC_URLS is chain {chain_id} with genesis {genesis_hash}"
        )
    wanted = plan(administration, surroundings.permit2)
    block = _put(rpc, account, wanted.both)
    deployment = Deployment(
        chain_id=chain_id,
        genesis_hash=genesis_hash,
        settlement=wanted.settlement.address,
        registry=wanted.registry.address,
        deploy_block=_deploy_block(rpc, wanted, block, known),
        max_fee_bps=_constant(rpc, wanted.settlement.address, "MAX_FEE_BPS"),
        max_partner_fee_bps=_constant(rpc, wanted.settlement.address, "MAX_PARTNER_FEE_BPS"),
        **dict(surroundings),
    )
    check_deployment(rpc, deployment, administration)
    if deployment != known:
        write_whole(path, deployment.model_dump_json(indent=2) + "\n")
    log.info("contracts_stand", settlement=str(deployment.settlement), new=block > 0, chain_id=chain_id)
    return deployment


def chain_identity(rpc: Rpc) -> tuple[int, Hash32]:
    """The chain's id, and the hash of its first block: two chains with one id differ in it."""
    chain_id, genesis = rpc.results([("eth_chainId", []), ("eth_getBlockByNumber", ["0x0", False])])
    return int(chain_id, 16), Hash32(genesis["hash"])


def read_deployment(path: Path) -> Deployment:
    """The deployment file. Raises `SettingsError` where it is missing or is not one."""
    try:
        return Deployment.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SettingsError(
            f"DEPLOYMENT_FILE: {path} is not a deployment ({type(error).__name__}); "
            "run `intendly contracts deploy` first"
        ) from None


def write_whole(path: Path, text: str) -> None:
    """Write a file that nobody ever sees half of."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _put(rpc: Rpc, account: Account, contracts: Sequence[Placed]) -> int:
    """Deploy those without code. The block that the last is in, 0 when all stood already."""
    found = codes(rpc, [each.address for each in contracts])
    block = 0
    for each, code in zip(contracts, found, strict=True):
        if not code:
            block = account.send([each.deploying()])  # one by one: an estimate needs the other there
    return block


def _deploy_block(rpc: Rpc, wanted: Plan, block: int, known: Deployment | None) -> int:
    """From where the index reads. Of contracts that stood already: what the file says, or their first event."""
    if block:
        return block
    if known is not None and known.settlement == wanted.settlement.address:
        return known.deploy_block
    settlement = str(wanted.settlement.address)
    try:
        logs: list[dict[str, Any]] = rpc.call(
            "eth_getLogs", {"address": settlement, "fromBlock": "0x0", "toBlock": "latest"}
        )
    except RpcError as error:
        raise SettingsError(
            f"DEPLOYMENT_FILE is lost, and the chain does not tell where Settlement {settlement} began ({error}): "
            "put a deployment file with its deploy_block there"
        ) from None
    return int(logs[0]["blockNumber"], 16)


def _constant(rpc: Rpc, settlement: Address, name: str) -> int:
    function = artifacts.forge("Settlement").interface[name]
    answer = rpc.call("eth_call", {"to": str(settlement), "data": str(HexBytes(function.encode()))}, "latest")
    value: int = function.decode(HexBytes(answer))
    return value

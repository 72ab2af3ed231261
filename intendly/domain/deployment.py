"""What stands on the chain, as `intendly contracts deploy` wrote it into the deployment file."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.typed_data import Domain
from pydantic import BaseModel, ConfigDict


class Token(BaseModel):
    """A token that the venue trades."""

    model_config = ConfigDict(frozen=True)

    address: Address
    symbol: str
    name: str
    decimals: int


class UniswapV2(BaseModel):
    """A Uniswap V2 whose pools the venue compares with."""

    model_config = ConfigDict(frozen=True)

    factory: Address
    router: Address


class UniswapV3(BaseModel):
    """A Uniswap V3 whose pools the venue compares with; fees in hundredths of a basis point."""

    model_config = ConfigDict(frozen=True)

    factory: Address
    router: Address
    quoter: Address
    fees: tuple[int, ...] = (500, 3_000, 10_000)


class Deployment(BaseModel):
    """One Settlement on one chain, with what it stands on."""

    model_config = ConfigDict(frozen=True)

    chain_id: int
    genesis_hash: Hash32
    settlement: Address
    registry: Address
    permit2: Address
    multicall3: Address
    wrapped_native: Address
    deploy_block: int
    max_fee_bps: int
    max_partner_fee_bps: int
    tokens: tuple[Token, ...]
    uniswap_v2: UniswapV2 | None = None
    uniswap_v3: UniswapV3 | None = None

    @property
    def domain(self) -> Domain:
        """Settlement's EIP-712 domain."""
        return Domain(chain_id=self.chain_id, settlement=self.settlement)

    @property
    def home(self) -> Home:
        """What tells this deployment from any other."""
        return Home(self.chain_id, self.genesis_hash, self.settlement)


@dataclass(frozen=True, slots=True)
class Home:
    """The one chain and contract that the venue's rows are about."""

    chain_id: int
    genesis_hash: Hash32
    settlement: Address

    def __str__(self) -> str:
        return f"Settlement {self.settlement} on chain {self.chain_id} with genesis {self.genesis_hash}"


def strangeness(deployed: Home, chain: tuple[int, Hash32], known: Home) -> str | None:
    """Why a process must not start: deployment file, chain and database are not about the same. None when they are.

    `chain` is the id and genesis that RPC_URLS answer with; `known` is what the database's rows are about.
    """
    chain_id, genesis = chain
    if (deployed.chain_id, deployed.genesis_hash) != chain:
        return f"DEPLOYMENT_FILE is about {deployed}, but RPC_URLS is chain {chain_id} with genesis {genesis}"
    if known != deployed:
        return f"DATABASE_URL has rows about {known}, but DEPLOYMENT_FILE and RPC_URLS are about {deployed}"
    return None

"""All that a quote needs of the chain, by one request: the pools, and how the swapper stands to Permit2."""

from __future__ import annotations

from typing import Any, Final

from intendly_sdk.messages import QuoteAsk
from intendly_sdk.primitives import Address, Hash32

from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.multicall import Multicall, Read
from intendly.adapters.chain.quotes import best_of, single_pool_reads
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.domain.deployment import Deployment
from intendly.domain.errors import ChainUnavailable
from intendly.domain.token_permit import PermitFacts
from intendly.services.quote_ports import QuoteFacts

_OF_TOKEN: Final = ("name", "version", "DOMAIN_SEPARATOR", "PERMIT_TYPEHASH", "eip712Domain")


class RpcQuoteChain:
    """`QuoteChain` over JSON-RPC."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._deployment = deployment
        self._multicall = Multicall(rpc, deployment.multicall3)

    def facts(self, swapper: Address, ask: QuoteAsk) -> QuoteFacts:
        """One call of Multicall3, so that all of it is of one block."""
        named = self._reads(swapper, ask.token_in)
        pools = single_pool_reads(self._deployment, (ask.token_in, ask.token_out, ask.amount_in))
        try:
            values = self._multicall.read([*named.values(), *pools])
        except RpcError as error:
            raise ChainUnavailable(f"the chain's endpoint did not read the pools: {error}") from None
        said = dict(zip(named, values, strict=False))
        if said["block"] is None or said["time"] is None:
            raise ChainUnavailable("the chain's Multicall3 does not tell the block")
        return QuoteFacts(
            block_number=said["block"],
            block_time=said["time"],
            pools=best_of(pools, values[len(named) :]),
            balance=said["balance"],
            allowance=said["allowance"],
            permit=_permit_facts(said),
        )

    def _reads(self, swapper: Address, token: Address) -> dict[str, Read]:
        chain, erc20, permit = (forge(name).interface for name in ("IMulticall3", "ERC20", "IPermitToken"))
        multicall3 = self._deployment.multicall3
        return {
            "block": Read(multicall3, chain["getBlockNumber"]),
            "time": Read(multicall3, chain["getCurrentBlockTimestamp"]),
            "balance": Read(token, erc20["balanceOf"], (swapper,)),
            "allowance": Read(token, erc20["allowance"], (swapper, self._deployment.permit2)),
            "nonces": Read(token, permit["nonces"], (swapper,)),
            **{name: Read(token, permit[name]) for name in _OF_TOKEN},
        }


def _permit_facts(said: dict[str, Any]) -> PermitFacts:
    domain = said["eip712Domain"]
    separator, typehash = (None if said[name] is None else Hash32(said[name]) for name in _OF_TOKEN[2:4])
    return PermitFacts(
        separator=separator,
        nonce=said["nonces"],
        typehash=typehash,
        name=said["name"],
        version=said["version"],
        eip5267_name=None if domain is None else domain[1],
        eip5267_version=None if domain is None else domain[2],
    )

"""What a swap through one single Uniswap pool would yield: the measure that fills are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intendly_sdk.primitives import Address

from intendly.adapters.chain.artifacts import uniswap
from intendly.adapters.chain.multicall import Multicall, Read
from intendly.adapters.chain.rpc import Rpc
from intendly.domain.deployment import Deployment

Swap = tuple[Address, Address, int]
"""token_in, token_out, amount_in in token_in's smallest unit."""


def best_single_pool(
    deployment: Deployment, rpc: Rpc, token_in: Address, token_out: Address, amount_in: int, block: int | str = "latest"
) -> int:
    """The most that one V2 or V3 pool gives for `amount_in` at the state after `block`; 0 where none gives anything.

    In token_out's smallest unit, after the pool's fee, before gas. Raises `ChainUnavailable`, and `RpcError` where the
    endpoint does not have the block's state any more.
    """
    swap = (token_in, token_out, amount_in)
    return best_single_pools(deployment, rpc, [swap], block)[swap]


def best_single_pools(
    deployment: Deployment, rpc: Rpc, swaps: Sequence[Swap], block: int | str = "latest"
) -> Mapping[Swap, int]:
    """The same for several swaps, each as if it were the only one, by one request for every 200 pools."""
    tag = hex(block) if isinstance(block, int) else block
    reads = {swap: single_pool_reads(deployment, swap) for swap in swaps}
    every = [read for each in reads.values() for read in each]
    values = iter(Multicall(rpc, deployment.multicall3).read(every, tag))
    return {swap: best_of(each, [next(values) for _ in each]) for swap, each in reads.items()}


def single_pool_reads(deployment: Deployment, swap: Swap) -> list[Read]:
    """What asks each known pool of a swap; a pool that there is not reverts, at little gas."""
    token_in, token_out, amount_in = swap
    reads = []
    if deployment.uniswap_v2 is not None:
        function = uniswap("UniswapV2Router02").interface["getAmountsOut"]
        reads.append(Read(deployment.uniswap_v2.router, function, (amount_in, (token_in, token_out))))
    if deployment.uniswap_v3 is not None:
        v3, function = deployment.uniswap_v3, uniswap("QuoterV2").interface["quoteExactInputSingle"]
        reads += [Read(v3.quoter, function, ((token_in, token_out, amount_in, fee, 0),)) for fee in v3.fees]
    return reads


def best_of(reads: Sequence[Read], values: Sequence[Any]) -> int:
    """The most of what these reads returned, 0 where all reverted."""
    return max((_amount_out(*each) for each in zip(reads, values, strict=True) if each[1] is not None), default=0)


def _amount_out(read: Read, value: Any) -> int:
    """The router returns the amounts along the path, QuoterV2 the amount out before other things."""
    amount: int = value[-1] if read.function.name == "getAmountsOut" else value[0]
    return amount

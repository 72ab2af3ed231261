"""What a swap through one single Uniswap pool would yield: the measure that fills are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intendly_sdk.primitives import ZERO_ADDRESS, Address

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
    """The same for several swaps, each as if it were the only one, by two requests in all."""
    tag = hex(block) if isinstance(block, int) else block
    multicall = Multicall(rpc, deployment.multicall3)
    best = dict.fromkeys(swaps, 0)
    for swap, amount in [*_v2(multicall, deployment, swaps, tag), *_v3(multicall, deployment, swaps, tag)]:
        best[swap] = max(best[swap], amount)
    return best


def _v2(multicall: Multicall, deployment: Deployment, swaps: Sequence[Swap], block: str) -> list[tuple[Swap, int]]:
    """The router's own sum over the pair's reserves; it reverts where there is no pair."""
    if deployment.uniswap_v2 is None:
        return []
    function = uniswap("UniswapV2Router02").interface["getAmountsOut"]
    router = deployment.uniswap_v2.router
    amounts = multicall.read([Read(router, function, (amount, (a, b))) for a, b, amount in swaps], block)
    return [(swap, each[-1]) for swap, each in zip(swaps, amounts, strict=True) if each is not None]


def _v3(multicall: Multicall, deployment: Deployment, swaps: Sequence[Swap], block: str) -> list[tuple[Swap, int]]:
    """QuoterV2, which swaps and reverts; asked only for pools that exist."""
    if deployment.uniswap_v3 is None:
        return []
    v3 = deployment.uniswap_v3
    get_pool = uniswap("UniswapV3Factory").interface["getPool"]
    quote = uniswap("QuoterV2").interface["quoteExactInputSingle"]
    each_fee = [(swap, fee) for swap in swaps for fee in v3.fees]
    pools = multicall.read([Read(v3.factory, get_pool, (swap[0], swap[1], fee)) for swap, fee in each_fee], block)
    found = [one for one, pool in zip(each_fee, pools, strict=True) if pool and Address(pool) != ZERO_ADDRESS]
    reads = [Read(v3.quoter, quote, ((swap[0], swap[1], swap[2], fee, 0),)) for swap, fee in found]
    quoted = multicall.read(reads, block)
    return [(swap, each[0]) for (swap, _), each in zip(found, quoted, strict=True) if each is not None]

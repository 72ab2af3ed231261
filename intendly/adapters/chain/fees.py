"""What a transaction should offer for its gas now, by EIP-1559, and what it is likely to pay."""

from __future__ import annotations

from intendly.adapters.chain.rpc import Rpc
from intendly.domain.settlement import Fees


def suggested_fees(rpc: Rpc) -> Fees:
    """Enough for several full blocks in a row: twice the latest block's base fee, and the usual tip."""
    _, base, tip = _latest(rpc)
    return Fees(2 * base + tip, tip)


def gas_price(rpc: Rpc) -> tuple[int, int]:
    """The latest block's number, and what a unit of gas costs in wei after it: its base fee and the usual tip."""
    block, base, tip = _latest(rpc)
    return block, base + tip


def _latest(rpc: Rpc) -> tuple[int, int, int]:
    head, tip = rpc.results([("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])])
    return int(head["number"], 16), int(head.get("baseFeePerGas", "0x0"), 16), int(tip, 16)

"""What a transaction should offer for its gas now, by EIP-1559."""

from __future__ import annotations

from intendly.adapters.chain.rpc import Rpc
from intendly.domain.settlement import Fees


def suggested_fees(rpc: Rpc) -> Fees:
    """Enough for several full blocks in a row: twice the latest block's base fee, and the usual tip."""
    head, tip = rpc.results([("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])])
    priority = int(tip, 16)
    return Fees(2 * int(head.get("baseFeePerGas", "0x0"), 16) + priority, priority)

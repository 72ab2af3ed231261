"""What gas costs in each token, by the venue's pools (docs/adr/0002-who-pays-gas.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intendly_sdk.primitives import Address

from intendly.adapters.chain.fees import gas_price
from intendly.adapters.chain.quotes import best_single_pools
from intendly.adapters.chain.rpc import Rpc
from intendly.domain.deployment import Deployment
from intendly.services.ports import PricedGas


class RpcPrices:
    """`PriceSource` over JSON-RPC.

    The wrapped native coin is the coin itself. Another token is priced by its best single pool with it, or where there
    is none by its best pool with a token that is priced so; one that has neither has no price.
    """

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._deployment = deployment

    def gas_fees(self, gas: int) -> PricedGas:
        block, price = gas_price(self._rpc)
        fees = {self._deployment.wrapped_native: gas * price}
        for _ in range(2):
            unpriced = [token.address for token in self._deployment.tokens if token.address not in fees]
            fees |= self._exchanged(fees, unpriced)
        return PricedGas(block, fees)

    def _exchanged(self, fees: Mapping[Address, int], unpriced: Sequence[Address]) -> dict[Address, int]:
        if not unpriced:
            return {}
        swaps = [(priced, token, amount) for token in unpriced for priced, amount in fees.items()]
        quoted = best_single_pools(self._deployment, self._rpc, swaps)
        best = {token: max(quoted[swap] for swap in swaps if swap[1] == token) for token in unpriced}
        return {token: amount for token, amount in best.items() if amount}

"""What contract wallets and delegated accounts say of signatures: SignatureLens, run by eth_call in Permit2's place.

The wallet then sees the account that will ask it at the fill, and Permit2's gas, without a transaction. It needs an
endpoint that takes a state override in eth_call, as geth, reth, erigon, nethermind and anvil do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intendly_sdk.primitives import ZERO_ADDRESS, Address, Hash32, HexBytes

from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.rpc import Request, Rpc, RpcError
from intendly.domain.errors import ChainUnavailable
from intendly.domain.signatures import WALLET_GAS, Claim, WalletAnswer

WALLET_WAIT_S: Final = 1.0
"""How long each endpoint may take while a request waits for it."""
CHUNK: Final = 100
"""Claims in one call: under 2^24 gas though every account were a wallet that takes all it may."""


class RpcWallets:
    """`Wallets` over JSON-RPC."""

    def __init__(self, rpc: Rpc, permit2: Address) -> None:
        lens = forge("SignatureLens")
        self._rpc = rpc
        self._permit2 = str(permit2)
        self._ask = lens.interface["ask"]
        self._in_its_place = {self._permit2: {"code": str(HexBytes(lens.runtime))}}

    def ask(self, claims: Sequence[Claim]) -> list[WalletAnswer | None]:
        try:
            return self.answers(claims, self._rpc.results(self.requests(claims)))
        except RpcError as error:
            raise ChainUnavailable(f"the chain's endpoint did not ask the wallets: {error}") from None

    def requests(self, claims: Sequence[Claim]) -> list[Request]:
        """The requests that `ask` makes, for those who send them together with others."""
        return [
            ("eth_call", ({"to": self._permit2, "data": str(self._packed(chunk))}, "latest", self._in_its_place))
            for chunk in (claims[start : start + CHUNK] for start in range(0, len(claims), CHUNK))
        ]

    def answers(self, claims: Sequence[Claim], results: Sequence[str]) -> list[WalletAnswer | None]:
        """What each wallet answered, of the results of these requests; None for an account without code."""
        answers: list[WalletAnswer | None] = [None] * len(claims)
        for number, result in enumerate(results):
            for place, delegate, returned, size, answer, gas_used in self._ask.decode(HexBytes(result)):
                answers[number * CHUNK + place] = WalletAnswer(
                    delegate=None if (to := Address(delegate)) == ZERO_ADDRESS else to,
                    returned=returned,
                    size=size,
                    answer=Hash32(answer),
                    gas_used=gas_used,
                )
        return answers

    def _packed(self, claims: Sequence[Claim]) -> HexBytes:
        each = [(claim.account, claim.digest, claim.signature) for claim in claims]
        return HexBytes(self._ask.encode(each, WALLET_GAS))

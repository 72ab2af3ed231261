"""What decides whether an intent's input can be taken now: balance, allowance to Permit2, Permit2's nonce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intendly_sdk.messages import Intent
from intendly_sdk.primitives import Hash32

from intendly.adapters.chain.artifacts import forge, permit2
from intendly.adapters.chain.deployment import chain_identity
from intendly.adapters.chain.multicall import Multicall, Read
from intendly.adapters.chain.rpc import Rpc
from intendly.domain.deployment import Deployment
from intendly.domain.settlement import IntentFacts


class RpcChain:
    """`Chain` and `ChainIdentity` over JSON-RPC."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._permit2 = deployment.permit2
        self._multicall = Multicall(rpc, deployment.multicall3)
        token = forge("ERC20").interface
        self._balance, self._allowance = token["balanceOf"], token["allowance"]
        self._bitmap = permit2().interface["nonceBitmap"]

    def facts(self, intents: Sequence[Intent]) -> Mapping[Hash32, IntentFacts]:
        # Intents of one swapper share their reads.
        reads = list(dict.fromkeys(read for intent in intents for read in self._reads(intent)))
        values = dict(zip(reads, self._multicall.read(reads), strict=True))
        return {intent.hash: self._fact(intent, values) for intent in intents}

    def identity(self) -> tuple[int, Hash32]:
        return chain_identity(self._rpc)

    def block_time(self) -> int:
        return int(self._rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def _reads(self, intent: Intent) -> tuple[Read, Read, Read]:
        return (
            Read(intent.token_in, self._balance, (intent.swapper,)),
            Read(intent.token_in, self._allowance, (intent.swapper, self._permit2)),
            Read(self._permit2, self._bitmap, (intent.swapper, intent.nonce >> 8)),
        )

    def _fact(self, intent: Intent, values: Mapping[Read, int | None]) -> IntentFacts:
        balance, allowance, bitmap = (values[read] for read in self._reads(intent))
        return IntentFacts(balance, allowance, bool((bitmap or 0) >> (intent.nonce & 0xFF) & 1))

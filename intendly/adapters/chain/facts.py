"""What decides whether an intent's input can be taken now: signature, balance, allowance to Permit2, its nonce."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from intendly_sdk.messages import Intent, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.adapters.chain.artifacts import forge, permit2
from intendly.adapters.chain.create2 import code_requests
from intendly.adapters.chain.deployment import chain_identity
from intendly.adapters.chain.multicall import Multicall, Read
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.adapters.chain.wallets import RpcWallets
from intendly.domain.deployment import Deployment
from intendly.domain.errors import ChainUnavailable
from intendly.domain.settlement import IntentFacts
from intendly.domain.signatures import Claim, refusal


class RpcChain:
    """`Chain` and `ChainIdentity` over JSON-RPC."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._permit2 = deployment.permit2
        self._multicall = Multicall(rpc, deployment.multicall3)
        self._wallets = RpcWallets(rpc, deployment.permit2)
        token = forge("ERC20").interface
        self._balance, self._allowance = token["balanceOf"], token["allowance"]
        self._bitmap = permit2().interface["nonceBitmap"]
        self._registry = deployment.registry
        self._consented = forge("SolverRegistry").interface["isConsented"]
        self._with_code: set[Address] = set()

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        # Intents of one swapper share their reads.
        reads = list(dict.fromkeys(read for signed in intents for read in self._reads(signed.intent)))
        claims = [Claim.of(signed) for signed in intents]
        requests = self._multicall.requests(reads)
        try:
            results = self._rpc.results([*requests, *self._wallets.requests(claims)])
        except RpcError as error:
            raise ChainUnavailable(f"the chain's endpoint did not tell of the intents: {error}") from None
        values = dict(zip(reads, self._multicall.values(reads, results[: len(requests)]), strict=True))
        answers = self._wallets.answers(claims, results[len(requests) :])
        return {
            claim.digest: self._fact(signed.intent, values, refusal(claim, answer))
            for signed, claim, answer in zip(intents, claims, answers, strict=True)
        }

    def executor_refusals(self, pairs: Collection[tuple[Address, Address]]) -> Mapping[tuple[Address, Address], str]:
        try:
            return self._refusals(list(pairs))
        except RpcError as error:
            raise ChainUnavailable(f"the chain's endpoint did not tell of the executors: {error}") from None

    def _refusals(self, asked: list[tuple[Address, Address]]) -> dict[tuple[Address, Address], str]:
        """Code once seen stays, so that in the long run nobody is asked for it."""
        reads = [Read(self._registry, self._consented, pair) for pair in asked]
        consents_asked = self._multicall.requests(reads)
        unseen = list({executor for executor, _ in asked} - self._with_code)
        results = self._rpc.results([*consents_asked, *code_requests(unseen)])
        consents = self._multicall.values(reads, results[: len(consents_asked)])
        found = zip(unseen, results[len(consents_asked) :], strict=True)
        self._with_code.update(executor for executor, code in found if HexBytes(code))
        refusals = {
            pair: f"its executor {pair[0]} has not consented to its solver"
            for pair, consented in zip(asked, consents, strict=True)
            if not consented
        }
        without = {pair: f"its executor {pair[0]} has no code" for pair in asked if pair[0] not in self._with_code}
        return refusals | without

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

    def _fact(self, intent: Intent, values: Mapping[Read, int | None], refused: str | None) -> IntentFacts:
        balance, allowance, bitmap = (values[read] for read in self._reads(intent))
        return IntentFacts(balance, allowance, bool((bitmap or 0) >> (intent.nonce & 0xFF) & 1), refused)

"""What the chain says about intents, held to what was done on it."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from intendly_sdk.messages import Intent
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.multicall import CHUNK
from intendly.adapters.chain.rpc import Rpc
from intendly.domain.errors import ChainUnavailable
from intendly.domain.settlement import IntentFacts
from tests.venue import LocalChain

pytestmark = pytest.mark.integration
UNLIMITED = 2**256 - 1


def _intent(chain: LocalChain, swapper: Address, token_in: Address, nonce: int) -> Intent:
    return Intent(
        chain_id=chain.deployment.chain_id,
        spender=chain.deployment.settlement,
        swapper=swapper,
        token_in=token_in,
        amount_in=1,
        token_out=chain.token("WOKB"),
        min_amount_out=1,
        receiver=swapper,
        nonce=nonce,
        deadline=2**40,
        open_after=2**40,
    )


def test_balance_allowance_and_nonce(local_chain: LocalChain) -> None:
    swapper, poor = Signer(keccak(b"swapper")), Signer(keccak(b"poor"))
    local_chain.ready_swapper(swapper, {"USDC": 5_000_000, "WOKB": 7})
    spent, fresh, far = (
        _intent(local_chain, swapper.address, local_chain.token("USDC"), n) for n in (5, 6, 2**255 + 5)
    )
    other_token = _intent(local_chain, swapper.address, local_chain.token("WOKB"), 261)
    nothing = _intent(local_chain, poor.address, local_chain.token("USDC"), 5)
    no_token = _intent(local_chain, swapper.address, Address(b"\x99" * 20), 7)
    invalidate = artifacts.permit2().interface["invalidateUnorderedNonces"].encode(0, 1 << 5)
    Account(local_chain.rpc, swapper).send([Call("spend", local_chain.deployment.permit2, invalidate)])

    facts = RpcChain(local_chain.rpc, local_chain.deployment).facts([spent, fresh, far, other_token, nothing, no_token])

    assert facts[spent.hash] == IntentFacts(5_000_000, UNLIMITED, True)
    assert facts[fresh.hash] == IntentFacts(5_000_000, UNLIMITED, False)
    assert facts[far.hash] == IntentFacts(5_000_000, UNLIMITED, False)
    assert facts[other_token.hash] == IntentFacts(7, UNLIMITED, False)
    assert facts[nothing.hash] == IntentFacts(0, 0, False)
    assert facts[no_token.hash] == IntentFacts(None, None, False)


def test_many_intents_take_few_requests(local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ask = Rpc._ask

    def counted(self: Rpc, place: int, calls: object) -> object:
        asked.append(len(calls))  # type: ignore[arg-type]
        return ask(self, place, calls)  # type: ignore[arg-type]

    monkeypatch.setattr(Rpc, "_ask", counted)
    swappers = [Address(number.to_bytes(20, "big")) for number in range(1_000, 1_000 + CHUNK)]
    intents = [_intent(local_chain, swapper, local_chain.token("USDC"), 1) for swapper in swappers]
    facts = RpcChain(local_chain.rpc, local_chain.deployment).facts(intents)
    assert set(facts) == {intent.hash for intent in intents}
    assert asked == [3]  # one request with three Multicalls


def test_no_intents_ask_nothing(local_chain: LocalChain) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rpc, "_ask", None)
        assert RpcChain(local_chain.rpc, local_chain.deployment).facts([]) == {}


def test_block_time(local_chain: LocalChain) -> None:
    latest = local_chain.rpc.call("eth_getBlockByNumber", "latest", False)
    assert RpcChain(local_chain.rpc, local_chain.deployment).block_time() == int(latest["timestamp"], 16)


def test_a_chain_that_is_away_is_said_to_be(local_chain: LocalChain) -> None:
    rpc = Rpc(["http://127.0.0.1:1"], timeout_s=0.5)
    with pytest.raises(ChainUnavailable, match="none of 1 RPC endpoints"):
        RpcChain(rpc, local_chain.deployment).block_time()
    rpc.close()

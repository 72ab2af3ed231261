"""What the chain says about intents, held to what was done on it."""

from __future__ import annotations

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Intent, SignedIntent
from intendly_sdk.primitives import Address, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.multicall import CHUNK
from intendly.adapters.chain.rpc import Rpc
from intendly.domain.errors import ChainUnavailable
from intendly.domain.settlement import IntentFacts
from tests.integration.chain.wallets import Wallets
from tests.venue import LocalChain

pytestmark = pytest.mark.integration
UNLIMITED = 2**256 - 1


def _signed(chain: LocalChain, swapper: Signer | Address, token_in: Address, nonce: int) -> SignedIntent:
    address = swapper if isinstance(swapper, Address) else swapper.address
    intent = Intent(
        chain_id=chain.deployment.chain_id,
        spender=chain.deployment.settlement,
        swapper=address,
        token_in=token_in,
        amount_in=1,
        token_out=chain.token("WOKB"),
        min_amount_out=1,
        receiver=address,
        nonce=nonce,
        deadline=2**40,
        open_after=2**40,
    )
    signature = HexBytes(bytes(65)) if isinstance(swapper, Address) else swapper.sign(intent.hash)
    return SignedIntent(intent=intent, signature=signature)


def test_balance_allowance_and_nonce(local_chain: LocalChain) -> None:
    swapper, poor = Signer(keccak(b"swapper")), Signer(keccak(b"poor"))
    local_chain.ready_swapper(swapper, {"USDC": 5_000_000, "WOKB": 7})
    spent, fresh, far = (_signed(local_chain, swapper, local_chain.token("USDC"), n) for n in (5, 6, 2**255 + 5))
    other_token = _signed(local_chain, swapper, local_chain.token("WOKB"), 261)
    nothing = _signed(local_chain, poor, local_chain.token("USDC"), 5)
    no_token = _signed(local_chain, swapper, Address(b"\x99" * 20), 7)
    invalidate = artifacts.permit2().interface["invalidateUnorderedNonces"].encode(0, 1 << 5)
    Account(local_chain.rpc, swapper).send([Call("spend", local_chain.deployment.permit2, invalidate)])

    facts = RpcChain(local_chain.rpc, local_chain.deployment).facts([spent, fresh, far, other_token, nothing, no_token])

    assert facts[spent.intent.hash] == IntentFacts(5_000_000, UNLIMITED, True)
    assert facts[fresh.intent.hash] == IntentFacts(5_000_000, UNLIMITED, False)
    assert facts[far.intent.hash] == IntentFacts(5_000_000, UNLIMITED, False)
    assert facts[other_token.intent.hash] == IntentFacts(7, UNLIMITED, False)
    assert facts[nothing.intent.hash] == IntentFacts(0, 0, False)
    assert facts[no_token.intent.hash] == IntentFacts(None, None, False)


def test_many_intents_take_few_requests(local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ask = Rpc._ask

    def counted(self: Rpc, place: int, calls: object) -> object:
        asked.append(len(calls))  # type: ignore[arg-type]
        return ask(self, place, calls)  # type: ignore[arg-type]

    monkeypatch.setattr(Rpc, "_ask", counted)
    swappers = [Address(number.to_bytes(20, "big")) for number in range(1_000, 1_000 + CHUNK)]
    intents = [_signed(local_chain, swapper, local_chain.token("USDC"), 1) for swapper in swappers]
    facts = RpcChain(local_chain.rpc, local_chain.deployment).facts(intents)
    assert set(facts) == {signed.intent.hash for signed in intents}
    assert asked == [5]  # one request: three Multicalls, two of the wallets'


def test_what_permit2_would_say_of_the_signature(local_chain: LocalChain) -> None:
    wallets, usdc = Wallets(local_chain), local_chain.token("USDC")
    wallet = wallets.two_of_three("facts")
    silent = wallets.delegate("silent", wallets.put("SilentDelegate"))
    able = wallets.delegate("able", wallets.put("OwnKeyDelegate"))
    unsigned = [_signed(local_chain, wallet.address, usdc, nonce) for nonce in range(3)]
    by_two, by_one, stranger = (
        one.model_copy(update={"signature": signature})
        for one, signature in zip(
            unsigned,
            (
                wallet.sign(unsigned[0].intent.hash),
                wallet.sign(unsigned[1].intent.hash, (1,)),
                silent.sign(unsigned[2].intent.hash),
            ),
            strict=True,
        )
    )
    of_silent, of_able, of_plain = (
        _signed(local_chain, signer, usdc, 4) for signer in (silent, able, Signer(keccak(b"plain")))
    )
    forged = of_plain.model_copy(update={"signature": of_able.signature})

    chain = RpcChain(local_chain.rpc, local_chain.deployment)
    facts = chain.facts([by_two, by_one, stranger, of_silent, of_able, of_plain])
    told = [
        facts[one.intent.hash].signature_refusal for one in (by_two, by_one, stranger, of_silent, of_able, of_plain)
    ]

    assert [why is None for why in told] == [True, False, False, False, True, True]
    assert str(told[1]).startswith(f"the contract at {wallet.address} does not take it")
    assert "(EIP-7702)" in str(told[3])
    assert str(chain.facts([forged])[forged.intent.hash].signature_refusal).startswith("it is by 0x")


def test_an_endpoint_that_runs_no_lens_is_as_one_that_is_away(
    local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = RpcChain(local_chain.rpc, local_chain.deployment)
    monkeypatch.setattr(chain._wallets, "_in_its_place", {})
    with pytest.raises(ChainUnavailable, match="did not tell of the intents"):
        chain.facts([_signed(local_chain, Signer(keccak(b"plain")), local_chain.token("USDC"), 1)])


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

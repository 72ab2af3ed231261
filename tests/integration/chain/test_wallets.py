"""What accounts with code say of signatures, asked on a real chain as Permit2 asks."""

from __future__ import annotations

from contextlib import closing

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.wallets import CHUNK, RpcWallets
from intendly.domain.errors import ChainUnavailable
from intendly.domain.signatures import WALLET_GAS, Claim, WalletAnswer, refusal
from tests.integration.chain.wallets import Wallets
from tests.venue import LocalChain

pytestmark = pytest.mark.integration
DIGEST = Hash32(keccak(b"a digest"))


@pytest.fixture(scope="module")
def wallets(local_chain: LocalChain) -> Wallets:
    return Wallets(local_chain)


@pytest.fixture(scope="module")
def asking(local_chain: LocalChain) -> RpcWallets:
    return RpcWallets(local_chain.rpc, local_chain.deployment.permit2)


def _refusal(asking: RpcWallets, account: Address, signature: bytes) -> str | None:
    claim = Claim(account, DIGEST, HexBytes(signature))
    return refusal(claim, asking.ask([claim])[0])


def test_a_wallet_of_three_owners(wallets: Wallets, asking: RpcWallets) -> None:
    wallet = wallets.two_of_three("three friends")
    assert _refusal(asking, wallet.address, wallet.sign(DIGEST)) is None
    assert _refusal(asking, wallet.address, wallet.sign(DIGEST, (1, 2))) is None
    for signature in (wallet.sign(DIGEST, (1,)), wallet.sign(DIGEST, (1, 1)), b""):
        told = _refusal(asking, wallet.address, signature)
        assert told is not None
        assert told.startswith(f"the contract at {wallet.address} does not take it: its isValidSignature answered 0x")
    assert "isValidSignature reverted" in str(_refusal(asking, wallet.address, bytes(130)))


def test_an_account_that_delegates_to_what_checks_its_own_key(wallets: Wallets, asking: RpcWallets) -> None:
    delegate = wallets.put("OwnKeyDelegate")
    signer = wallets.delegate("delegates", delegate)
    claim = Claim(signer.address, DIGEST, signer.sign(DIGEST))
    (answer,) = asking.ask([claim])
    assert answer is not None
    assert (answer.delegate, answer.returned, answer.size) == (delegate, True, 32)
    assert refusal(claim, answer) is None
    stranger = Signer(keccak(b"stranger"))
    assert f"delegates to {delegate} (EIP-7702)" in str(_refusal(asking, signer.address, stranger.sign(DIGEST)))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("SilentDelegate", "returned 0 bytes, so it most likely has none"),
        ("PlainDelegate", "reverted without a word, so it most likely has none"),
    ],
)
def test_an_account_that_delegates_to_what_knows_no_signatures(
    wallets: Wallets, asking: RpcWallets, kind: str, told: str
) -> None:
    """Its own ECDSA signature does not help: Permit2 never tries it."""
    signer = wallets.delegate(kind, wallets.put(kind))
    assert told in str(_refusal(asking, signer.address, signer.sign(DIGEST)))
    wallets.delegate(kind)
    assert _refusal(asking, signer.address, signer.sign(DIGEST)) is None


def test_an_account_that_delegates_to_nothing(wallets: Wallets, asking: RpcWallets) -> None:
    nothing = Address(b"\x98" * 20)
    signer = wallets.delegate("delegates to nothing", nothing)
    assert "returned 0 bytes" in str(_refusal(asking, signer.address, signer.sign(DIGEST)))


def test_a_plain_account_is_not_asked(asking: RpcWallets) -> None:
    signer = Signer(keccak(b"plain"))
    claim = Claim(signer.address, DIGEST, signer.sign(DIGEST))
    assert asking.ask([claim]) == [None]
    assert asking.ask([]) == []


def test_a_check_may_take_so_much_gas_and_no_more(wallets: Wallets, asking: RpcWallets) -> None:
    signer = wallets.delegate("thorough", wallets.put("OwnKeyDelegate"))
    signature = signer.sign(DIGEST)
    assert _refusal(asking, signer.address, signature + bytes(85)) is None
    told = _refusal(asking, signer.address, signature + bytes(110))
    assert f"took more than the {WALLET_GAS} gas" in str(told)


def test_the_wallet_sees_permit2_ask(wallets: Wallets, asking: RpcWallets, local_chain: LocalChain) -> None:
    wallet = wallets.put("AskedByOne", local_chain.deployment.permit2)
    assert _refusal(asking, wallet, b"anything") is None
    assert _refusal(asking, wallets.put("AskedByOne", Address(b"\x97" * 20)), b"anything") is not None


def test_many_are_asked_by_one_request_and_told_apart(wallets: Wallets, asking: RpcWallets) -> None:
    wallet = wallets.two_of_three("many")
    good = Claim(wallet.address, DIGEST, wallet.sign(DIGEST))
    greedy = wallets.delegate("greedy", wallets.put("OwnKeyDelegate"))
    bad = Claim(greedy.address, DIGEST, HexBytes(greedy.sign(DIGEST) + bytes(1_983)))
    plain = Claim(Signer(keccak(b"plain")).address, DIGEST, HexBytes(bytes(65)))
    claims = [bad] * CHUNK + [plain, good, bad, plain, good]
    answers = asking.ask(claims)
    assert [_kind(answer) for answer in answers] == ["bad"] * CHUNK + ["plain", "good", "bad", "plain", "good"]


def _kind(answer: WalletAnswer | None) -> str:
    if answer is None:
        return "plain"
    return "good" if answer.returned and answer.size == 32 else "bad"


def test_a_chain_that_is_away_is_said_to_be(local_chain: LocalChain) -> None:
    with closing(Rpc(["http://127.0.0.1:1"], timeout_s=0.5)) as rpc, pytest.raises(ChainUnavailable):
        RpcWallets(rpc, local_chain.deployment.permit2).ask([Claim(Address(bytes(20)), DIGEST, HexBytes())])


def test_an_endpoint_without_state_overrides_is_said_to_be(
    local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = RpcWallets(local_chain.rpc, local_chain.deployment.permit2)
    monkeypatch.setattr(asking, "_in_its_place", {})
    with pytest.raises(ChainUnavailable, match="did not ask the wallets: eth_call: execution reverted"):
        asking.ask([Claim(Address(bytes(20)), DIGEST, HexBytes())])

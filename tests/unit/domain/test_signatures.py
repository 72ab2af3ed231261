"""Who signed, by Permit2's rules, by values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.domain.signatures import WALLET_GAS, Claim, WalletAnswer, is_wrapped, plain_refusal, refusal
from tests.unit.domain.auction_values import intent

SIGNER = Signer(keccak(b"signer"))
DIGEST = Hash32(keccak(b"digest"))
GOOD = Claim(SIGNER.address, DIGEST, SIGNER.sign(DIGEST))
DELEGATE = Address("0x" + "de" * 20)
MAGIC = Hash32("0x1626ba7e" + "00" * 28)


def answer(**changes: Any) -> WalletAnswer:
    values: dict[str, Any] = {"delegate": None, "returned": True, "size": 32, "answer": MAGIC, "gas_used": 20_000}
    return WalletAnswer(**(values | changes))


@given(signature=st.binary(max_size=70))
def test_no_other_bytes_are_a_plain_accounts_signature(signature: bytes) -> None:
    assert plain_refusal(Claim(SIGNER.address, DIGEST, HexBytes(signature)))


@given(
    field=st.sampled_from(["min_amount_out", "amount_in", "nonce", "deadline", "valid_from", "open_after"]),
    off=st.integers(1, 500),
)
def test_a_signature_binds_every_field(field: str, off: int) -> None:
    one = intent(swapper=SIGNER.address)
    assert plain_refusal(Claim.of(SignedIntent(intent=one, signature=SIGNER.sign(one.hash)))) is None
    changed = one.model_copy(update={field: getattr(one, field) + off})
    told = plain_refusal(Claim.of(SignedIntent(intent=changed, signature=SIGNER.sign(one.hash))))
    assert str(told).startswith("it is by 0x")
    assert str(told).endswith(f", expected {SIGNER.address}")


def test_an_account_without_code_signs_by_ecdsa() -> None:
    assert refusal(GOOD, None) is None
    assert refusal(Claim(DELEGATE, DIGEST, GOOD.signature), None) == f"it is by {SIGNER.address}, expected {DELEGATE}"


def test_an_account_with_code_is_believed_whatever_was_signed() -> None:
    assert refusal(Claim(DELEGATE, DIGEST, HexBytes(b"any")), answer()) is None
    assert refusal(GOOD, answer(size=64)) is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answer": Hash32("0xffffffff" + "00" * 28)}, "answered 0xffffffff00"),
        ({"answer": Hash32("0x1626ba7e" + "00" * 27 + "01")}, "answered 0x1626ba7e00"),
        ({"size": 4}, "returned 4 bytes, so it most likely has none"),
        ({"size": 0, "answer": Hash32(bytes(32))}, "returned 0 bytes"),
        ({"returned": False, "size": 32}, "isValidSignature reverted"),
        ({"returned": False, "size": 0}, "reverted without a word, so it most likely has none"),
        ({"returned": False, "size": 0, "gas_used": WALLET_GAS + 100}, f"took more than the {WALLET_GAS} gas"),
        ({"returned": False, "size": 0, "gas_used": WALLET_GAS * 63 // 64}, f"took more than the {WALLET_GAS} gas"),
    ],
)
@pytest.mark.parametrize("delegate", [None, DELEGATE])
def test_ecdsa_does_not_help_an_account_whose_code_refuses(
    delegate: Address | None, changes: dict[str, Any], told: str
) -> None:
    why = refusal(GOOD, answer(delegate=delegate, **changes))
    assert why is not None
    assert told in why
    assert (f"the contract at {SIGNER.address}" in why) == (delegate is None)
    assert (f"the account {SIGNER.address} delegates to {DELEGATE} (EIP-7702)" in why) == (delegate is not None)


def test_a_wrapper_is_known_by_its_end() -> None:
    assert is_wrapped(Claim(DELEGATE, DIGEST, HexBytes(b"factory, call, signature" + bytes.fromhex("6492" * 16))))
    assert not is_wrapped(Claim(DELEGATE, DIGEST, HexBytes(bytes.fromhex("6492" * 16) + b"!")))

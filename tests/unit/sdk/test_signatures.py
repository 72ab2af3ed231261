"""Signing and recovering: Permit2's rules, twins, and garbage."""

from __future__ import annotations

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.errors import IntendlyError, PrivateKeyError
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import SignatureError, Signer, recover

from tests.unit.sdk.samples import hashes

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
keys = st.integers(1, _ORDER - 1).map(lambda k: k.to_bytes(32, "big"))


def compact(signature: bytes) -> bytes:
    """The 64 bytes of EIP-2098."""
    parity = (signature[64] - 27) << 7
    return signature[:32] + bytes((signature[32] | parity,)) + signature[33:64]


def twin(signature: bytes) -> bytes:
    """The other signature of the same digest by the same key: n - s, the other parity."""
    s = _ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes((55 - signature[64],))


@given(keys, hashes)
def test_all_three_forms_recover_to_the_signer(key: bytes, digest: Hash32) -> None:
    signer = Signer(key)
    signature = signer.sign(digest)
    assert signature[64] in (27, 28)
    assert signer.address.checksum == Account.from_key(key).address
    assert recover(digest, signature) == signer.address
    assert recover(digest, compact(signature)) == signer.address
    assert recover(digest, twin(signature)) == signer.address


@given(keys, hashes)
def test_the_twin_is_refused_where_the_contract_refuses_it(key: bytes, digest: Hash32) -> None:
    signature = Signer(key).sign(digest)
    assert recover(digest, signature, allow_high_s=False) == Signer(key).address
    with pytest.raises(SignatureError, match="low s"):
        recover(digest, twin(signature), allow_high_s=False)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_v_must_be_27_or_28(v: int) -> None:
    signature = Signer(bytes(31) + b"\x01").sign(Hash32(bytes(32)))
    with pytest.raises(SignatureError, match="27 or 28"):
        recover(Hash32(bytes(32)), signature[:64] + bytes((v,)))


@given(st.binary(max_size=70).filter(lambda b: len(b) not in (64, 65)), hashes)
def test_other_lengths_are_refused(garbage: bytes, digest: Hash32) -> None:
    with pytest.raises(SignatureError, match="65 bytes"):
        recover(digest, garbage)


@given(st.binary(min_size=64, max_size=65), hashes)
def test_garbage_recovers_to_nobody_we_know_or_is_refused(garbage: bytes, digest: Hash32) -> None:
    try:
        assert recover(digest, garbage) != Signer(bytes(31) + b"\x01").address
    except IntendlyError as error:
        assert isinstance(error, SignatureError)  # noqa: PT017


@pytest.mark.parametrize("r", [bytes(32), _ORDER.to_bytes(32, "big"), b"\xff" * 32])
def test_r_outside_the_curve_is_refused(r: bytes) -> None:
    with pytest.raises(SignatureError, match="no key"):
        recover(Hash32(bytes(32)), r + bytes(31) + b"\x01" + b"\x1b")


def test_a_signer_does_not_print_its_key() -> None:
    key = "11" * 32
    signer = Signer("0x" + key + "\n")
    assert key not in f"{signer} {signer!r}"
    assert not hasattr(signer, "__dict__")


@pytest.mark.parametrize("key", [b"", b"\x01", bytes(32), b"\xff" * 32, bytes(33), "0x12", "zz"])
def test_what_is_no_key_is_refused(key: bytes | str) -> None:
    with pytest.raises(PrivateKeyError, match="64 hex digits") as caught:
        Signer(key)
    assert isinstance(caught.value, ValueError)
    assert not isinstance(key, str) or key not in str(caught.value)

"""Our transactions are byte for byte those of eth-account."""

from __future__ import annotations

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.transactions import Transaction, intrinsic_gas, sign
from intendly.domain.settlement import Fees

_UINT64 = st.integers(0, 2**64 - 1)


@settings(max_examples=50)
@given(
    key=st.binary(min_size=32, max_size=32).filter(lambda raw: 0 < int.from_bytes(raw, "big") < 2**255),
    nonce=_UINT64.filter(lambda nonce: nonce < 2**63),
    data=st.binary(max_size=64),
    value=st.integers(0, 2**128),
    max_fee=_UINT64,
    to=st.one_of(st.none(), st.binary(min_size=20, max_size=20)),
)
def test_the_same_bytes_as_eth_account(
    key: bytes, nonce: int, data: bytes, value: int, max_fee: int, to: bytes | None
) -> None:
    ours = sign(
        Transaction(196, nonce, None if to is None else Address(to), data, 100_000, Fees(max_fee, max_fee // 2), value),
        Signer(key),
    )
    theirs = Account.from_key(key).sign_transaction(
        {
            "type": 2,
            "chainId": 196,
            "nonce": nonce,
            "to": b"" if to is None else to,
            "value": value,
            "data": data,
            "gas": 100_000,
            "maxFeePerGas": max_fee,
            "maxPriorityFeePerGas": max_fee // 2,
        }
    )
    assert bytes(ours.raw) == bytes(theirs.raw_transaction)
    assert bytes(ours.hash) == bytes(theirs.hash)


@pytest.mark.parametrize(
    ("data", "gas"),
    [(b"", 21_000), (b"\0", 21_010), (b"\1", 21_040), (b"\0\0\1", 21_060)],
)
def test_intrinsic_gas_is_the_floor_of_eip_7623(data: bytes, gas: int) -> None:
    assert intrinsic_gas(data) == gas

"""EIP-1559 transactions: built, signed by any `Signer`, and the raw bytes that are kept and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import rlp
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.domain.settlement import Fees

_TYPE: Final = b"\x02"
_NO_ACCESS_LIST: Final[tuple[()]] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be sent; `to` of None deploys `data`. `value` is in wei."""

    chain_id: int
    nonce: int
    to: Address | None
    data: bytes
    gas_limit: int
    fees: Fees
    value: int = 0


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes that go out, and the name under which the chain knows them."""

    hash: Hash32
    raw: HexBytes


def sign(transaction: Transaction, signer: Signer) -> SignedTransaction:
    """Sign it. The same transaction and key give the same bytes (RFC 6979)."""
    fees = transaction.fees
    numbers = (transaction.chain_id, transaction.nonce, fees.max_priority_fee, fees.max_fee, transaction.gas_limit)
    to = bytes(transaction.to) if transaction.to is not None else b""
    fields = [*map(_number, numbers), to, _number(transaction.value), bytes(transaction.data), _NO_ACCESS_LIST]
    signature = signer.sign(Hash32(keccak(_envelope(fields))))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    raw = _envelope([*fields, *map(_number, (signature[64] - 27, r, s))])
    return SignedTransaction(Hash32(keccak(raw)), HexBytes(raw))


def _envelope(fields: list[Any]) -> bytes:
    return _TYPE + bytes(rlp.encode(fields))


def _number(value: int) -> bytes:
    """As RLP takes it: without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def intrinsic_gas(data: bytes) -> int:
    """What a call with this calldata costs before any code runs: EIP-2028, and at least EIP-7623's floor."""
    zeros = data.count(0)
    tokens = zeros + 4 * (len(data) - zeros)
    return 21_000 + max(4 * tokens, 10 * tokens)

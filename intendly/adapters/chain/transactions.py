"""EIP-1559 transactions: built, signed by any `Signer`, and the raw bytes that are kept and sent."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.domain.settlement import Fees


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
    fields = {
        "type": 2,
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "to": bytes(transaction.to) if transaction.to is not None else b"",
        "value": transaction.value,
        "data": transaction.data,
        "gas": transaction.gas_limit,
        "maxFeePerGas": transaction.fees.max_fee,
        "maxPriorityFeePerGas": transaction.fees.max_priority_fee,
    }
    digest = Hash32(TypedTransaction.from_dict(fields).hash())
    signature = signer.sign(digest)
    fields |= {
        "v": signature[64] - 27,
        "r": int.from_bytes(signature[:32], "big"),
        "s": int.from_bytes(signature[32:64], "big"),
    }
    raw = TypedTransaction.from_dict(fields).encode()
    return SignedTransaction(Hash32(keccak(raw)), HexBytes(raw))


def intrinsic_gas(data: bytes) -> int:
    """What a call with this calldata costs before any code runs: EIP-2028, and at least EIP-7623's floor."""
    zeros = data.count(0)
    tokens = zeros + 4 * (len(data) - zeros)
    return 21_000 + max(4 * tokens, 10 * tokens)

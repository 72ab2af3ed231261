"""Transactions that a swapper may have to send, ready to sign: to let Permit2 take a token, and to spend a nonce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Call
from intendly_sdk.primitives import UINT256_MAX, Address, HexBytes
from intendly_sdk.typed_data import PERMIT2

_APPROVE: Final = keccak(b"approve(address,uint256)")[:4]
_PERMIT: Final = keccak(b"permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")[:4]
_SPEND: Final = keccak(b"invalidateUnorderedNonces(uint256,uint256)")[:4]


def approve_permit2(chain_id: int, token: Address, amount: int = UINT256_MAX) -> Call:
    """Lets Permit2 take up to `amount` of `token` from the sender, in its smallest unit; without it, any amount."""
    return Call(chain_id=chain_id, to=token, data=HexBytes(_APPROVE + bytes(12) + PERMIT2 + _word(amount)))


def send_permit(permit: Mapping[str, Any], signature: bytes) -> Call:
    """Brings an EIP-2612 permit (`Permit2Standing.permit`) on chain; anyone may send it. `signature` has 65 bytes."""
    domain, message = permit["domain"], permit["message"]
    owner, spender = Address(message["owner"]), Address(message["spender"])
    amounts = b"".join(_word(int(message[name])) for name in ("value", "deadline"))
    v, r_and_s = _word(signature[64]), signature[:64]
    data = _PERMIT + bytes(12) + owner + bytes(12) + spender + amounts + v + r_and_s
    return Call(chain_id=domain["chainId"], to=Address(domain["verifyingContract"]), data=HexBytes(data))


def spend_nonce(chain_id: int, nonce: int) -> Call:
    """Makes void whatever the sender signed with this Permit2 nonce (Permit2, SignatureTransfer)."""
    data = _SPEND + _word(nonce >> 8) + _word(1 << (nonce & 0xFF))
    return Call(chain_id=chain_id, to=PERMIT2, data=HexBytes(data))


def spent_nonce(call: Call) -> int:
    """The nonce that `call` makes void. Raises `ValueError` where it is not one that `spend_nonce` makes."""
    word, mask = int.from_bytes(call.data[4:36]), int.from_bytes(call.data[36:])
    nonce = (word << 8) + mask.bit_length() - 1
    if not 0 <= nonce <= UINT256_MAX or call != spend_nonce(call.chain_id, nonce):
        raise ValueError("expected a call of Permit2's invalidateUnorderedNonces for one nonce")
    return nonce


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")

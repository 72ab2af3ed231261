"""ECDSA over secp256k1: sign a digest, recover who signed. libsecp256k1 does the work (through coincurve)."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey

from intendly_sdk.errors import IntendlyError, PrivateKeyError
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class SignatureError(IntendlyError, ValueError):
    """The bytes are no ECDSA signature of this digest."""


class Signer:
    """A private key, 32 bytes or as many in hex, that signs digests. It never prints the key.

    Raises `PrivateKeyError`, which is a `ValueError` too, for anything else.
    """

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes | str) -> None:
        try:
            raw = bytes.fromhex(key.strip().removeprefix("0x")) if isinstance(key, str) else key
            if len(raw) != 32:
                raise ValueError
            self._key = PrivateKey(raw)
        except ValueError:
            raise PrivateKeyError("expected a private key: 64 hex digits (32 bytes) other than zero") from None
        self.address = _address(self._key.public_key)

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def sign(self, digest: Hash32) -> HexBytes:
        """65 bytes, r ‖ s ‖ v, with v 27 or 28 and the low s of EIP-2."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return HexBytes(signature[:64] + bytes((signature[64] + 27,)))


def recover(digest: Hash32, signature: bytes, *, allow_high_s: bool = True) -> Address:
    """The address that signed `digest`, by the rules of Permit2's SignatureVerification.

    Takes 65 bytes (r ‖ s ‖ v) and the 64 bytes of EIP-2098. Raises `SignatureError` for anything else, and
    for a signature that recovers to nobody. A high s is taken, as Permit2 takes it; Settlement refuses one in
    a bid or an award, so `allow_high_s=False` is the rule for those.
    """
    if len(signature) == 65:
        parity = signature[64] - 27
        compact = signature[:64]
    elif len(signature) == 64:
        parity = signature[32] >> 7
        compact = signature[:32] + bytes((signature[32] & 0x7F,)) + signature[33:]
    else:
        raise SignatureError("expected 65 bytes, or the 64 of EIP-2098")
    if parity not in (0, 1):
        raise SignatureError("expected v to be 27 or 28")
    if not allow_high_s and int.from_bytes(compact[32:], "big") > _HALF_ORDER:
        raise SignatureError("expected the low s of EIP-2")
    try:
        key = PublicKey.from_signature_and_message(compact + bytes((parity,)), digest, hasher=None)
    except Exception as error:
        raise SignatureError("the signature recovers to no key") from error
    return _address(key)


def _address(key: PublicKey) -> Address:
    return Address(keccak(key.format(compressed=False)[1:])[12:])

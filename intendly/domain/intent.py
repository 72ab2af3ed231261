"""Whether a signed intent may be accepted, and how it begins its life (design: An intent's life)."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import SignatureError, recover

from intendly.domain.errors import SignatureInvalid
from intendly.domain.intent_rules import Market, Rules, check_fields
from intendly.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A checked intent on its way into the database; its first auction is due `due_in_s` seconds after the commit."""

    hash: Hash32
    signed: SignedIntent
    reason: Reason
    due_in_s: int


def new_intent(signed: SignedIntent, rules: Rules, market: Market) -> NewIntent:
    """Check everything that needs no database. Raises the `Refused` that names the first rule broken."""
    intent = signed.intent
    check_fields(intent, rules, market)
    intent_hash = intent.hash
    check_signature(signed, intent_hash)
    due_in_s = max(0, intent.valid_from - market.block_time)
    return NewIntent(intent_hash, signed, Reason.NOT_YET_VALID if due_in_s else Reason.ACCEPTED, due_in_s)


def check_signature(signed: SignedIntent, intent_hash: Hash32) -> None:
    """The swapper signed this intent, by the rules of Permit2: 65 or 64 bytes, high s too. Raises `SignatureInvalid`.

    A chain, contract or witness that differs from what was signed shows here, as a signature of somebody else.
    """
    check_signed_by(signed.intent.swapper, intent_hash, signed.signature)


def check_signed_by(swapper: Address, digest: Hash32, signature: HexBytes) -> None:
    """The swapper signed this digest, by the rules of Permit2. Raises `SignatureInvalid`."""
    try:
        signer = recover(digest, signature)
    except SignatureError as error:
        raise SignatureInvalid(f"{error}; sign the digest {digest}", field="signature") from None
    if signer != swapper:
        raise SignatureInvalid(
            f"the signature over {digest} is by {signer}, expected the swapper {swapper}; "
            "sign exactly these fields, under the domain of this chain that GET /api/v1/config names",
            field="signature",
        )

"""Whether a signed intent may be accepted, and how it begins its life (design: An intent's life)."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Hash32

from intendly.domain.intent_rules import Market, Rules, check_fields
from intendly.domain.reasons import Reason
from intendly.domain.signatures import Claim


@dataclass(frozen=True, slots=True)
class NewIntent:
    """An intent on its way into the database; its first auction is due `due_in_s` seconds after the commit."""

    hash: Hash32
    signed: SignedIntent
    reason: Reason
    due_in_s: int

    @property
    def claim(self) -> Claim:
        return Claim(self.signed.intent.swapper, self.hash, self.signed.signature)


def new_intent(signed: SignedIntent, rules: Rules, market: Market) -> NewIntent:
    """Check everything but the signature. Raises the `Refused` that names the first rule broken."""
    intent = signed.intent
    check_fields(intent, rules, market)
    due_in_s = max(0, intent.valid_from - market.block_time)
    return NewIntent(intent.hash, signed, Reason.NOT_YET_VALID if due_in_s else Reason.ACCEPTED, due_in_s)

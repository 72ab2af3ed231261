"""What a quote suggests, from what the best source would pay in all, and what speaks against it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intendly_sdk.messages import Intent

from intendly.domain.fees import BPS, fee_for
from intendly.domain.signatures import WalletAnswer

FAR_OFF_BPS = 1_000
"""How much more than the pools a solver may indicate before the trader is warned."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """In token_out's smallest unit: the intent asks for `min_amount_out`, its fill pays `fee` on top."""

    min_amount_out: int
    fee: int

    def amount_out(self, gross: int) -> int:
        """What the receiver gets of `gross`; not more than 0 where the fee eats it all."""
        return gross - self.fee


def suggest(draft: Intent, gross: int, slippage_bps: int, house_fee_bps: int, gas_fee: int | None) -> Suggestion:
    """The minimum that is `slippage_bps` under what the receiver gets of `gross`, rounded down, and at least 1.

    The fee hangs on the minimum and the minimum on the fee; `draft` is the intent without its minimum.
    """
    kept = BPS - slippage_bps
    without_gas = max(0, gross - (gas_fee or 0))
    amount_out = without_gas * BPS * BPS // (BPS * BPS + house_fee_bps * kept)
    least = max(1, amount_out * kept // BPS)
    return Suggestion(least, fee_for(draft.model_copy(update={"min_amount_out": least}), house_fee_bps, gas_fee))


def against_filling(amount_in: int, balance: int | None, allowance: int | None) -> Iterator[str]:
    """What of the swapper's own doing keeps its input from being taken now, in words."""
    if balance is None or allowance is None:
        yield "token_in does not tell the swapper's balance and allowance, so nothing can be taken of it"
        return
    if balance < amount_in:
        yield f"the swapper holds {balance} of token_in, {amount_in - balance} less than amount_in"
    if allowance < amount_in:
        yield (
            f"Permit2 may take {allowance} of the swapper's token_in, {amount_in - allowance} less than amount_in; "
            "permit2.approve gives it leave, or permit2.permit where it is there"
        )


def far_off(best: int, pools: int) -> str | None:
    """A doubt about a solver's indication, which binds nobody: a minimum that nobody pays is never filled."""
    if not pools or best * BPS <= pools * (BPS + FAR_OFF_BPS):
        return None
    return (
        "a solver indicates more than a tenth above what the pools give, and nobody is bound by that; "
        "an intent whose minimum follows it may find no bid"
    )


def wallet_doubt(answer: WalletAnswer) -> str | None:
    """A doubt whether the swapper's code has the isValidSignature (EIP-1271) that Permit2 asks, where it has code.

    It was asked with an empty signature, so a refusal alone says nothing.
    """
    if answer.size >= 32:
        return None
    where = "has code" if answer.delegate is None else f"delegates to {answer.delegate} (EIP-7702)"
    how = f"returned {answer.size} bytes" if answer.returned else "reverted"
    return (
        f"the swapper {where}, which Permit2 asks by isValidSignature whatever key signed; tried with a signature of "
        f"zeros it {how}: unless it has that function, Permit2 refuses every signature"
    )

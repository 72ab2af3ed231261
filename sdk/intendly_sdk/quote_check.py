"""What a client checks of a quote: nothing in it is to be signed or sent on the venue's word alone."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ValidationError

from intendly_sdk.calls import approve_permit2
from intendly_sdk.eip712_json import to_typed_data, token_permit_to_typed_data
from intendly_sdk.errors import ProtocolError
from intendly_sdk.messages import Intent, QuoteRequest, QuoteView
from intendly_sdk.primitives import Uint256
from intendly_sdk.typed_data import Domain

CLOCKS_S: Final = 60
"""How far block time, which deadlines are counted from, may be from this machine's clock; seconds."""
_BPS: Final = 10_000


class _TokenDomain(BaseModel):
    name: str
    version: str


class _Allowance(BaseModel):
    value: Uint256
    nonce: Uint256
    deadline: Uint256


class _Permit(BaseModel):
    """What of an EIP-2612 permit only the token knows, and how far it goes."""

    domain: _TokenDomain
    message: _Allowance


def checked_quote(view: QuoteView, request: QuoteRequest, domain: Domain, now: float) -> QuoteView:
    """The quote with its typed data built here, of what was asked for. `now` in unix seconds.

    Raises `ProtocolError` where the venue's differs, or where the minimum, the deadline, or what gives Permit2 its
    leave is not what was asked for.
    """
    intent = view.intent
    if intent != _asked_for(request, view, domain) or view.intent_hash != intent.hash:
        raise _refusal("the intent in the answer is not what was asked for")
    _check_amounts(view, request.slippage_bps)
    if not now - CLOCKS_S <= intent.deadline <= now + request.ttl_s + CLOCKS_S:
        left = round(intent.deadline - now)
        raise _refusal(f"expected a deadline in {request.ttl_s} s, got one in {left} s by this machine's clock")
    typed_data = to_typed_data(intent)
    if not _is_same(typed_data, view.typed_data):
        raise _refusal("typed_data is not the intent's")
    approve, permit = view.permit2.approve, view.permit2.permit
    if approve is not None:
        # The last word of its data is the amount; anything else in the call has one right value.
        amount = int.from_bytes(approve.data[-32:])
        if amount < intent.amount_in or approve != approve_permit2(intent.chain_id, intent.token_in, amount):
            raise _refusal("permit2.approve is not an approval of Permit2 for what is sold")
    own_permit = None if permit is None else _checked_permit(permit, intent)
    permit2 = view.permit2.model_copy(update={"permit": own_permit})
    return view.model_copy(update={"typed_data": typed_data, "permit2": permit2})


def _asked_for(request: QuoteRequest, view: QuoteView, domain: Domain) -> Intent:
    """The intent that the venue may suggest: only nonce, deadline and minimum are for it to choose."""
    return Intent(
        chain_id=domain.chain_id,
        spender=domain.settlement,
        swapper=request.swapper,
        token_in=request.token_in,
        amount_in=request.amount_in,
        token_out=request.token_out,
        min_amount_out=view.min_amount_out,
        receiver=request.swapper if request.receiver is None else request.receiver,
        nonce=view.intent.nonce,
        deadline=view.intent.deadline,
        open_after=view.intent.deadline,
    )


def _check_amounts(view: QuoteView, slippage_bps: int) -> None:
    best = max((source.amount_out for source in view.sources), default=0)
    if best == 0 or view.amount_out != best:
        raise _refusal(f"amount_out is {view.amount_out}, and the best of its sources gives {best}")
    least = max(1, best * (_BPS - slippage_bps) // _BPS)
    # The fee hangs on the minimum, and is rounded too: one unit may be lost by that.
    if not max(1, least - 1) <= view.min_amount_out <= least:
        raise _refusal(f"expected a minimum of {least}, {slippage_bps} bps below amount_out, got {view.min_amount_out}")


def _checked_permit(told: dict[str, Any], intent: Intent) -> dict[str, Any]:
    try:
        permit = _Permit.model_validate(told)
    except ValidationError:
        raise _refusal("permit2.permit is no EIP-2612 permit") from None
    token = {"chainId": intent.chain_id, "verifyingContract": intent.token_in.checksum}
    domain, message = permit.domain.model_dump() | token, permit.message
    own = token_permit_to_typed_data(domain, intent.swapper, message.nonce, message.deadline, message.value)
    if not _is_same(own, told) or message.value < intent.amount_in or message.deadline > intent.deadline:
        raise _refusal("permit2.permit is not one for Permit2 of what is sold, as long as the intent at most")
    return own


def _is_same(own: object, told: object) -> bool:
    """Whether JSON says the same: integers may be strings, and hex digits of either case."""
    if isinstance(own, dict):
        return isinstance(told, dict) and own.keys() == told.keys() and all(_is_same(own[k], told[k]) for k in own)
    if isinstance(own, list):
        return isinstance(told, list) and len(own) == len(told) and all(map(_is_same, own, told))
    return _plain(own) == _plain(told)


def _plain(value: object) -> object:
    if isinstance(value, str) and value.startswith("0x"):
        return value.lower()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _refusal(why: str) -> ProtocolError:
    return ProtocolError(f"POST /quotes: {why}; do not sign it")

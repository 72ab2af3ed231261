"""The one error tree. web/ turns it into an RFC 9457 problem, cli/ into an exit code; each code is stable."""

from __future__ import annotations

from typing import ClassVar


class VenueError(Exception):
    """Anything that the venue refuses or cannot do. `code` is stable, `detail` says what to do about it."""

    code: ClassVar[str] = "venue_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "The venue could not do this"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class Refused(VenueError):
    """What was asked breaks a rule; nothing was stored."""

    code = "refused"
    status = 422
    title = "The request breaks a rule of the venue"


class InvalidRequest(Refused):
    """A field is not of the form that was asked for, whatever its value would mean."""

    code = "invalid_request"
    title = "A field is missing, unknown, given twice or not as expected"


class NotFound(VenueError):
    """No such intent, auction or page."""

    code = "not_found"
    status = 404
    title = "There is no such thing here"


class Conflict(VenueError):
    """The state of the thing has moved on."""

    code = "conflict"
    status = 409
    title = "The state has moved on"


class Unavailable(VenueError):
    """A part of the venue cannot be reached now; the same request may work in a moment."""

    code = "unavailable"
    status = 503
    title = "A part of the venue cannot be reached"


class ChainUnavailable(Unavailable):
    code = "chain_unavailable"
    title = "No endpoint of the chain answers"


class WrongChain(Refused):
    code = "wrong_chain"
    title = "The intent is for another chain"


class WrongSpender(Refused):
    code = "wrong_spender"
    title = "The permit names another spender"


class SignatureInvalid(Refused):
    code = "signature_invalid"
    title = "The signature is not by the account that it must be by"


class NonceSpent(Refused):
    code = "nonce_spent"
    title = "The Permit2 nonce is spent"


class DeadlinePassed(Refused):
    code = "deadline_passed"
    title = "The deadline has passed"


class DeadlineTooFar(Refused):
    code = "deadline_too_far"
    title = "The deadline is too far ahead"


class AmountInvalid(Refused):
    code = "amount_invalid"
    title = "The amount cannot be traded"


class SameToken(Refused):
    code = "same_token"
    title = "Both tokens are the same"


class TokenUnknown(Refused):
    code = "token_unknown"
    title = "The token is not traded here"


class ReceiverInvalid(Refused):
    code = "receiver_invalid"
    title = "The receiver cannot be paid"


class PartnerInvalid(Refused):
    code = "partner_invalid"
    title = "The partner's fee breaks a rule"


class TimesInvalid(Refused):
    code = "times_invalid"
    title = "The intent's times contradict each other"


class IntentTooSmall(Refused):
    code = "intent_too_small"
    title = "The intent is too small to carry its fee"


class TooManyOpenIntents(Refused):
    code = "too_many_open_intents"
    status = 429
    title = "The swapper has too many open intents"


class RateLimited(Refused):
    """`retry_after_s` is when it may be asked again, seconds from now."""

    code = "rate_limited"
    status = 429
    title = "A budget is used up"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Paused(Unavailable):
    code = "paused"
    title = "The venue is paused"

    @classmethod
    def because(cls, reason: str) -> Paused:
        return cls(f"{reason.rstrip('.')}; reads and cancels go on, try again later")


class NoQuote(Refused):
    code = "no_quote"
    title = "Nobody gives anything for this amount"


class AuctionClosed(Conflict):
    code = "auction_closed"
    title = "The auction takes no more bids"


class AwardLive(Conflict):
    code = "award_live"
    title = "A fill of the intent is under way"


class IntentEnded(Conflict):
    code = "intent_ended"
    title = "The intent has ended"


class SolverUnknown(Refused):
    code = "solver_unknown"
    status = 403
    title = "The solver is not on this auction's roster"


class BidInvalid(Refused):
    code = "bid_invalid"
    title = "The bid breaks a rule"


class LoginInvalid(Refused):
    code = "login_invalid"
    status = 401
    title = "The log-in is not by a registered solver's key"


class LoginRequired(Refused):
    code = "login_required"
    status = 401
    title = "Only a solver that is logged in may ask this"


class CursorGone(VenueError):
    code = "cursor_gone"
    status = 410
    title = "The cursor is of another life of the event numbers"


class TooManyTopics(Refused):
    code = "too_many_topics"
    status = 429
    title = "One connection cannot follow so much"


class StreamFull(Unavailable):
    code = "stream_full"
    title = "This stream server holds as many connections as it may"

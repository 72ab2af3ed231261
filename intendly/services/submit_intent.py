"""A trader submits signed intents: checked, committed, then answered (design: An intent's life)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from intendly_sdk.messages import Receipt, SignedIntent
from intendly_sdk.primitives import Hash32

from intendly.domain.errors import DeadlinePassed, IntentTooSmall, RateLimited, Refused, TokenUnknown
from intendly.domain.intent import NewIntent, new_intent
from intendly.domain.intent_rules import Market, Rules
from intendly.domain.signatures import Claim
from intendly.services.check_signatures import CheckSignatures
from intendly.services.ports import Accepted, IntentReader, MarketReader, Nudges, Quota, Receipts

log = structlog.get_logger(__name__)
_MAY_HAVE_BEEN_FINE_BEFORE = (DeadlinePassed, IntentTooSmall, TokenUnknown)
Outcome = Accepted | Refused
Checked = NewIntent | Receipt | Exception


class SubmitIntents:
    """Accepts intents. `accept` answers after the commit; it may write several requests' intents by one commit."""

    def __init__(
        self,
        rules: Rules,
        market: MarketReader,
        signatures: CheckSignatures,
        accept: Callable[[Sequence[NewIntent]], Sequence[Outcome | Exception]],
        intents: IntentReader,
        receipts: Receipts,
        nudges: Nudges,
    ) -> None:
        self._rules = rules
        self._market = market
        self._signatures = signatures
        self._accept = accept
        self._intents = intents
        self._receipts = receipts
        self._nudges = nudges

    def submit(self, signed: SignedIntent, quota: Quota | None = None) -> Receipt:
        """The receipt, once the intent is durable. `created` is false when it was accepted before, in any state.

        An intent that has ended never opens again: its receipt says how it stands. Raises a `Refused` that names
        the rule broken, `ChainUnavailable` where a contract wallet can't be asked, with nothing stored; `RateLimited`
        where `quota` says that the swapper has no more.
        """
        (outcome,) = self.submit_many([signed], quota)
        if isinstance(outcome, Exception):
            raise outcome
        structlog.contextvars.bind_contextvars(intent_hash=str(outcome.intent_hash))
        return outcome

    def submit_many(self, signed: Sequence[SignedIntent], quota: Quota | None = None) -> list[Receipt | Exception]:
        """The same for several, each with its own outcome, in order: the good ones are accepted."""
        market = self._market.market()
        checked = self._checked(signed, market)
        within = checked if quota is None else self._within(quota, checked)
        new = [one for one in within if isinstance(one, NewIntent)]
        accepted = iter(self._accept(new) if new else ())
        outcomes = [self._told(one, next(accepted)) if isinstance(one, NewIntent) else one for one in within]
        if quota is not None:
            _give_back(quota, checked, outcomes)
        if created := sum(isinstance(one, Receipt) and one.created for one in outcomes):
            self._nudges.nudge("auctions.open", work=created)  # which publishes its events, and these with them
        return outcomes

    def _checked(self, signed: Sequence[SignedIntent], market: Market) -> list[Checked]:
        """The rules first, then the signatures of what keeps to them, by one request if wallets must be asked."""
        checked: list[Checked] = [self._by_rules(one, market) for one in signed]
        claims = {
            place: one.claim if isinstance(one, NewIntent) else Claim.of(signed[place])
            for place, one in enumerate(checked)
            if isinstance(one, (NewIntent, *_MAY_HAVE_BEEN_FINE_BEFORE))
        }
        errors = self._signatures.errors(list(claims.values()))
        for (place, claim), error in zip(claims.items(), errors, strict=True):
            if error is not None:
                checked[place] = error
            elif not isinstance(checked[place], NewIntent):
                checked[place] = self._accepted_before(claim.digest) or checked[place]
        return checked

    def _by_rules(self, signed: SignedIntent, market: Market) -> NewIntent | Refused:
        try:
            return new_intent(signed, self._rules, market)
        except Refused as refusal:
            return refusal

    def _accepted_before(self, intent_hash: Hash32) -> Receipt | None:
        accepted = self._intents.accepted(intent_hash)
        return None if accepted is None else self._receipts.of_intent(intent_hash, accepted)

    def _within(self, quota: Quota, checked: Sequence[Checked]) -> list[Checked]:
        """Those that their swapper's budget has room for; the others are `RateLimited`, or were accepted before."""
        swappers = [one.signed.intent.swapper for one in checked if isinstance(one, NewIntent)]
        limits = iter(quota.spend(swappers) if swappers else ())
        return [self._held(one, next(limits)) if isinstance(one, NewIntent) else one for one in checked]

    def _held(self, new: NewIntent, limit: RateLimited | None) -> Checked:
        return new if limit is None else self._accepted_before(new.hash) or limit

    def _told(self, new: NewIntent, outcome: Outcome | Exception) -> Receipt | Exception:
        if isinstance(outcome, Exception):
            return outcome
        if outcome.created:
            log.debug(
                "intent_accepted",
                intent_hash=str(new.hash),
                swapper=str(new.signed.intent.swapper),
                reason=str(new.reason),
            )
        return self._receipts.of_intent(new.hash, outcome)


def _give_back(quota: Quota, checked: Sequence[Checked], outcomes: Sequence[Receipt | Exception]) -> None:
    """What was spent on intents that were accepted before, or not at all."""
    unused = [
        before.signed.intent.swapper
        for before, outcome in zip(checked, outcomes, strict=True)
        if isinstance(before, NewIntent)
        and not (isinstance(outcome, RateLimited) or (isinstance(outcome, Receipt) and outcome.created))
    ]
    if unused:
        quota.give_back(unused)

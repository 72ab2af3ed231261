"""A trader submits a signed intent: checked, committed, then answered (design: An intent's life)."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from intendly_sdk.messages import Receipt, SignedIntent

from intendly.domain.errors import DeadlinePassed, IntentTooSmall, Refused, TokenUnknown
from intendly.domain.intent import NewIntent, check_signature, new_intent
from intendly.domain.intent_rules import Rules
from intendly.services.ports import Accepted, IntentReader, MarketReader, Nudges

log = structlog.get_logger()
_MAY_HAVE_BEEN_FINE_BEFORE = (DeadlinePassed, IntentTooSmall, TokenUnknown)


class SubmitIntent:
    """Accepts intents. `accept` answers after the commit; it may write several requests' intents by one commit."""

    def __init__(
        self,
        rules: Rules,
        market: MarketReader,
        accept: Callable[[NewIntent], Accepted | Refused],
        intents: IntentReader,
        nudges: Nudges,
    ) -> None:
        self._rules = rules
        self._market = market
        self._accept = accept
        self._intents = intents
        self._nudges = nudges

    def submit(self, signed: SignedIntent) -> Receipt:
        """The receipt, once the intent is durable. `created` is false when it was accepted before, in any state.

        An intent that has ended never opens again: its receipt says how it stands. Raises a `Refused` that names
        the rule broken, with nothing stored.
        """
        try:
            new = new_intent(signed, self._rules, self._market.market())
        except _MAY_HAVE_BEEN_FINE_BEFORE as refusal:
            return self._accepted_before(signed, refusal)
        structlog.contextvars.bind_contextvars(intent_hash=str(new.hash))
        accepted = self._accept(new)
        if isinstance(accepted, Refused):
            raise accepted
        if accepted.created:
            self._nudges.nudge("auctions.open", "events.publish")
            log.info("intent_accepted", swapper=str(signed.intent.swapper), reason=str(new.reason))
        return Receipt(intent_hash=new.hash, state=accepted.state, created=accepted.created)

    def _accepted_before(self, signed: SignedIntent, refusal: Refused) -> Receipt:
        intent_hash = signed.intent.hash
        check_signature(signed, intent_hash)
        state = self._intents.state(intent_hash)
        if state is None:
            raise refusal
        return Receipt(intent_hash=intent_hash, state=state, created=False)

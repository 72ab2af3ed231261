"""Close auctions, award their intents, sign the awards (design: The auction).

Claim what is due (from then on no bid gets in), read the bids, ask the chain, decide, record; then sign. The award is
recorded by compare-and-set before any signature exists, so that a cancel and an award can never both be signed; an
award that a crash left unsigned is signed by the next tick. Nothing outside happens before the record, so a lease that
ran out is simply taken again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog
from intendly_sdk.messages import Award, IntentState, SignedIntent
from intendly_sdk.primitives import Hash32

from intendly.domain.auction import PROMISE_MAX_S, can_all_be_filled, decide
from intendly.domain.closing import ClosingAuction, Outcome
from intendly.domain.errors import ChainUnavailable
from intendly.domain.settlement import IntentFacts
from intendly.services.auction_ports import (
    Auctioneer,
    AwardStore,
    ClosingBatch,
    ClosingChain,
    ClosingClaim,
    ClosingStore,
)
from intendly.services.bisect import in_halves
from intendly.services.ports import Nudges

log = structlog.get_logger(__name__)

LIMIT: Final = 1_000
RETRIES_A_TICK: Final = 20
ATTEMPTS_MAX: Final = 5
"""An auction that failed this often stays in `closing`, untouched, until somebody looks at it."""
CHAIN_WAIT_S: Final = 1


class CloseAuctions:
    """One tick closes up to `LIMIT` auctions, with a number of statements that does not depend on how many."""

    def __init__(
        self,
        store: ClosingStore,
        awards: AwardStore,
        chain: ClosingChain,
        auctioneer: Auctioneer,
        nudges: Nudges,
        *,
        award_validity_s: int,
    ) -> None:
        self._store = store
        self._awards = awards
        self._chain = chain
        self._auctioneer = auctioneer
        self._nudges = nudges
        self._award_validity_s = award_validity_s

    def run(self) -> int:
        """Close what is due and sign what was won, now or before a crash. Returns how many auctions were closed."""
        claim = self._store.claim_due(LIMIT)
        closed = self._close(claim)
        self._sign(self._awards.unsigned(LIMIT))
        # One by one, so that one that kills its worker takes no other with it.
        for _ in range(RETRIES_A_TICK):
            again = self._store.claim_again(ATTEMPTS_MAX)
            if not again.attempts:
                break
            _tell_last_tries(again)
            closed += self._close(again)
        if len(claim.attempts) == LIMIT:
            self._nudges.nudge("auctions.close", at_once=True)
        return closed

    def _close(self, claim: ClosingClaim) -> int:
        """Close these, and sign what was won; what can wait comes after that."""
        closed = self._decided(claim) if claim.attempts else []
        self._sign([outcome.award for outcome in closed if outcome.award is not None])
        for outcome in closed:
            _tell(outcome)
        return len(closed)

    def _decided(self, claim: ClosingClaim) -> list[Outcome]:
        """The outcomes that were recorded."""
        batch = self._store.read(claim)
        try:
            facts = self._facts(batch.auctions)
            auctions = self._with_executors(batch.auctions)
            block_time = self._block_time(batch, facts)
        except ChainUnavailable as error:
            self._store.release(claim, list(claim.attempts), CHAIN_WAIT_S)
            log.warning("auctions_wait_for_chain", auctions=len(claim.attempts), detail=error.detail)
            return []
        outcomes: list[Outcome] = []
        for auction in auctions:
            try:
                outcomes.append(
                    decide(
                        auction,
                        facts.get(auction.intent_hash),
                        block_time=block_time,
                        award_validity_s=self._award_validity_s,
                    )
                )
            except Exception as error:  # noqa: BLE001  a poisoned auction stops nobody
                self._failed(claim, auction.id, error)
        return self._record(claim, can_all_be_filled(outcomes, facts))

    def _facts(self, auctions: Sequence[ClosingAuction]) -> Mapping[Hash32, IntentFacts]:
        """The chain's facts on the open intents."""
        intents = [
            SignedIntent(intent=auction.intent, signature=auction.signature)
            for auction in auctions
            if auction.state is IntentState.OPEN
        ]
        return self._chain.facts(intents) if intents else {}

    def _with_executors(self, auctions: Sequence[ClosingAuction]) -> list[ClosingAuction]:
        """The same, each bid with what the chain has against its executor."""
        pairs = {(bid.executor, bid.solver) for auction in auctions for bid in auction.bids}
        refusals = self._chain.executor_refusals(pairs) if pairs else {}
        if not refusals:
            return list(auctions)
        return [
            replace(
                auction,
                bids=tuple(
                    bid._replace(executor_refusal=refusals.get((bid.executor, bid.solver))) for bid in auction.bids
                ),
            )
            for auction in auctions
        ]

    def _block_time(self, batch: ClosingBatch, facts: Mapping[Hash32, IntentFacts]) -> int:
        """The newest indexed block's; the chain is asked for its latest only where the difference would decide."""
        latest = batch.block_time + PROMISE_MAX_S
        behind = any(bid.valid_until > latest for auction in batch.auctions for bid in auction.bids)
        if behind or any(one.nonce_spent for one in facts.values()):
            return max(batch.block_time, self._chain.block_time())
        return batch.block_time

    def _record(self, claim: ClosingClaim, outcomes: Sequence[Outcome]) -> list[Outcome]:
        recorded: set[Hash32] = set()
        moved_on: list[Hash32] = []

        def record(part: Sequence[Outcome]) -> None:
            done = self._store.record(claim, part)
            recorded.update(done)
            moved_on.extend(one.auction.id for one in part if one.auction.id not in done)

        in_halves(outcomes, record, lambda outcome, error: self._failed(claim, outcome.auction.id, error))
        if moved_on:
            self._store.release(claim, moved_on, 0)
            self._nudges.nudge("auctions.close", at_once=True)
        return [outcome for outcome in outcomes if outcome.auction.id in recorded]

    def _failed(self, claim: ClosingClaim, auction_id: Hash32, error: Exception) -> None:
        """Back off; when the database is away this fails too, and ends the tick."""
        attempts = claim.attempts[auction_id]
        self._store.defer(claim, auction_id, 2**attempts)
        event = "auction_quarantined" if attempts >= ATTEMPTS_MAX else "auction_close_failed"
        log.error(event, auction_id=str(auction_id), attempts=attempts, exc_info=error)

    def _sign(self, awards: Sequence[Award]) -> None:
        if awards and self._awards.sign({award.bid_hash: self._auctioneer.sign(award) for award in awards}):
            self._nudges.nudge("settlements.submit", work=len(awards))


def _tell_last_tries(claim: ClosingClaim) -> None:
    """Said before it is tried: an auction that kills its worker leaves no other line."""
    for auction_id, attempts in claim.attempts.items():
        if attempts >= ATTEMPTS_MAX:
            log.error("auction_last_try", auction_id=str(auction_id), attempts=attempts)


def _tell(outcome: Outcome) -> None:
    winner = outcome.winner
    log.info(
        "auction_closed",
        auction_id=str(outcome.auction.id),
        intent_hash=str(outcome.auction.intent_hash),
        bids=len(outcome.auction.bids),
        reason=outcome.reason,
        winner=None if winner is None else str(winner.solver),
        amount_out=None if winner is None else str(winner.amount_out),
    )

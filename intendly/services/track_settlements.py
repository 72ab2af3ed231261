"""Follows each settlement to the last word of the chain: by its receipts and the lane's nonce, not by remembering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from intendly.domain.settlement import Receipt, Settlement, Verdict, judge
from intendly.services.ports import Nudges, Sender, SettlementStore

log = structlog.get_logger(__name__)

BATCH: Final = 100
LEASE_S: Final = 45


class TrackSettlements:
    """One tick looks after all settlements that are due."""

    def __init__(self, sender: Sender, store: SettlementStore, nudges: Nudges) -> None:
        self._sender = sender
        self._store = store
        self._nudges = nudges

    def run(self) -> int:
        """Returns how many settlements moved on."""
        due = self._store.claim_due(BATCH, LEASE_S)
        if not due:
            return 0
        waiting = {settlement.id for settlement in due}
        mined = ended = 0
        try:
            receipts = self._receipts(due)
            final_block, final_nonce = self._sender.final_block(), self._sender.final_nonce()
            verdicts = {
                settlement.id: judge(settlement, receipts.get(settlement.id), final_block, final_nonce)
                for settlement in due
            }
            mined = self._record_mined(due, receipts, verdicts)
            waiting -= {one for one, verdict in verdicts.items() if verdict in (Verdict.MINED, Verdict.FINAL)}
            for settlement in (one for one in due if one.id in waiting):
                verdict = verdicts[settlement.id]
                if verdict in (Verdict.STUCK, Verdict.WAITING):
                    self._send_again(settlement, verdict)
                else:
                    ended += self._end(settlement, verdict)
                    waiting.discard(settlement.id)
        finally:
            self._store.look_again(sorted(waiting))  # also what was not reached, where the chain went away
        if mined:
            self._nudges.nudge("chain.index")
        if ended:
            self._nudges.nudge("auctions.open")
        return mined + ended

    def _receipts(self, due: Sequence[Settlement]) -> dict[int, Receipt]:
        """Of each settlement the attempt that was mined; there is at most one, since they share a nonce."""
        asked = [(settlement.id, attempt.tx_hash) for settlement in due for attempt in settlement.attempts]
        answers = self._sender.receipts([tx_hash for _, tx_hash in asked])
        return {of: receipt for (of, _), receipt in zip(asked, answers, strict=True) if receipt is not None}

    def _record_mined(
        self, due: Sequence[Settlement], receipts: Mapping[int, Receipt], verdicts: Mapping[int, Verdict]
    ) -> int:
        """All that a block has, together. Returns how many moved on by it."""
        mined, final = (
            {one.id: receipts[one.id] for one in due if verdicts[one.id] is verdict}
            for verdict in (Verdict.MINED, Verdict.FINAL)
        )
        self._store.mark_mined(mined)
        self._store.mark_final(final)
        return len(final) + sum(one.state != "mined" for one in due if one.id in mined)

    def _end(self, settlement: Settlement, verdict: Verdict) -> int:
        """Returns 1: the settlement is over without a fill."""
        match verdict:
            case Verdict.FAILED:
                opened = self._store.end_unfilled(settlement.id, "failed")
                log.error("settlement_reverted", settlement=settlement.id, intents=opened)
            case Verdict.REPLACED:
                opened = self._store.end_unfilled(settlement.id, "replaced")
                log.error("settlement_replaced", settlement=settlement.id, nonce=settlement.nonce, intents=opened)
            case _:
                raise AssertionError(f"{verdict} is not an end")
        return 1

    def _send_again(self, settlement: Settlement, verdict: Verdict) -> None:
        """With a higher fee where it is stuck, else the same bytes: nothing new where the node still has them."""
        if verdict is Verdict.STUCK:
            self._bump(settlement)
        elif settlement.attempts:
            self._sender.broadcast(settlement.attempts[-1].raw)

    def _bump(self, settlement: Settlement) -> None:
        last = settlement.attempts[-1]
        fees = last.fees.bumped(self._sender.suggested_fees())
        signed = self._sender.sign(settlement, fees)
        if self._store.add_attempt(settlement.id, last.n + 1, signed, fees):
            refused = self._sender.broadcast(signed.raw)
            self._store.mark_broadcast(settlement.id, last.n + 1)
            log.warning("settlement_bumped", settlement=settlement.id, attempt=last.n + 1, refused=refused)

"""Sends the winners' fills: nonce and payload are committed, then the signed bytes, and only then is anything sent.

So a crash at any point leaves a row that says what to do next, and a restart sends the same bytes (design: Getting
it on chain, exactly once).
"""

from __future__ import annotations

from typing import Final

import structlog

from intendly.domain.bundle import Bundle, first_batch, gas_limit, too_late
from intendly.domain.settlement import Attempt, Settlement
from intendly.services.ports import Chain, Lane, LaneStore, Nudges, Sender, SettlementStore

log = structlog.get_logger(__name__)

LANE_LEASE_S: Final = 10
"""Longer than the hard time limit of the task that runs this."""
MOST_GAS: Final = 2**24
"""What a transaction may have at most (EIP-7825)."""
MOST_BYTES: Final = 120_000
"""Of calldata; nodes pass on no transaction of more than 128 KiB."""
MOST_BUNDLES: Final = 12
AWARDS_A_TICK: Final = 120


class SubmitSettlements:
    """One tick sends what was begun and not sent, then batches what is due."""

    def __init__(
        self, chain: Chain, sender: Sender, lanes: LaneStore, store: SettlementStore, nudges: Nudges, *, owner: str
    ) -> None:
        self._chain = chain
        self._sender = sender
        self._lanes = lanes
        self._store = store
        self._nudges = nudges
        self._owner = owner

    def run(self) -> int:
        """Returns how many settlements went out, or at least began, and how many awards lapsed."""
        due = self._store.due_awards(AWARDS_A_TICK)
        if not due and not self._store.unsent(self._sender.address):
            return 0
        lane = self._claim()
        if lane is None:
            return 0
        try:
            in_time = self._without_late(due)
            moved, due = len(due) - len(in_time), in_time
            began = 0
            costs = [self._sender.cost(bundle) for bundle in due]
            while due:
                count = first_batch(costs, MOST_GAS, MOST_BYTES, MOST_BUNDLES)
                if not self._reserve(lane, due[:count], gas_limit(costs[:count])):
                    break
                lane = Lane(lane.address, lane.token, lane.next_nonce + 1)
                due, costs = due[count:], costs[count:]
                began += 1
            return moved + max(began, self._send_all())
        finally:
            self._lanes.release(lane)

    def _claim(self) -> Lane | None:
        address = self._sender.address
        lane = self._lanes.claim(address, self._owner, LANE_LEASE_S)
        if lane is None:
            self._lanes.open(address, self._sender.nonce())
            lane = self._lanes.claim(address, self._owner, LANE_LEASE_S)
        return lane

    def _without_late(self, due: list[Bundle]) -> list[Bundle]:
        """Lapse the awards that would be void when mined; a new auction beats a transaction that only burns gas."""
        if not due:
            return due
        block_time = self._chain.block_time()
        late = [bundle.bid_hash for bundle in due if too_late(bundle, block_time)]
        if late:
            self._store.lapse(late)
            self._nudges.nudge("auctions.open", work=len(late))
            log.warning("awards_lapsed", count=len(late), block_time=block_time)
        return [bundle for bundle in due if not too_late(bundle, block_time)]

    def _reserve(self, lane: Lane, bundles: list[Bundle], gas: int) -> bool:
        """`gas` is worked out, never estimated (design)."""
        calldata = self._sender.encode(bundles)
        reserved = self._store.reserve(lane, [bundle.bid_hash for bundle in bundles], calldata, gas)
        if reserved:
            log.info(
                "settlement_reserved",
                nonce=lane.next_nonce,
                gas_limit=gas,
                intent_hashes=[str(leg.intent_hash) for bundle in bundles for leg in bundle.signed_bid.bid.legs],
            )
        return reserved

    def _send_all(self) -> int:
        unsent = self._store.unsent(self._sender.address)
        if not unsent:
            return 0
        fees = self._sender.suggested_fees()
        sent = 0
        for settlement in unsent:
            attempt = settlement.attempts[-1] if settlement.attempts else None
            if attempt is None:
                signed = self._sender.sign(settlement, fees)
                if not self._store.add_attempt(settlement.id, 1, signed, fees):
                    return sent  # somebody else signs: the lane is not ours any more
                attempt = Attempt(1, signed.hash, signed.raw, fees, 0.0)
            sent += self._broadcast(settlement, attempt)
        return sent

    def _broadcast(self, settlement: Settlement, attempt: Attempt) -> int:
        refused = self._sender.broadcast(attempt.raw)
        bound = log.bind(settlement=settlement.id, nonce=settlement.nonce, tx_hash=str(attempt.tx_hash))
        # Refused or not it is looked after from now on: the receipts and the nonce say what became of it.
        self._store.mark_broadcast(settlement.id, attempt.n)
        if refused is not None:
            bound.warning("settlement_refused", why=refused)
            return 0
        bound.info("settlement_sent")
        return 1

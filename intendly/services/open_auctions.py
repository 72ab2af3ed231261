"""Open an auction for every intent that is due (design: The auction).

Fetch what is due, decide each auction's id, fee and secret, record those whose intent is still as it was read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from intendly.domain.opening import DueIntent, FeeRules, Opening, open_auction
from intendly.services.auction_ports import OpeningStore
from intendly.services.bisect import in_halves
from intendly.services.ports import Nudges, PauseReader

log = structlog.get_logger(__name__)

LIMIT: Final = 500
PER_SWAPPER: Final = 50
"""A swapper's share of a tick: a flood of one does not delay the others."""
POSTPONE_S: Final = 30


class OpenAuctions:
    """One tick opens up to `LIMIT` auctions, with a number of statements that does not depend on how many."""

    def __init__(
        self,
        rules: FeeRules,
        store: OpeningStore,
        nudges: Nudges,
        pause: PauseReader,
        *,
        window_ms: int,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._rules = rules
        self._store = store
        self._nudges = nudges
        self._pause = pause
        self._window_ms = window_ms
        self._random_bytes = random_bytes

    def run(self) -> int:
        """Open what is due, nothing while the venue is paused. Returns how many intents moved on."""
        retired = self._store.retire_spent()
        if self._pause.reason() is not None:
            return retired
        due = self._store.due(LIMIT, PER_SWAPPER)
        opened, to_ask = 0, 0

        def record(openings: Sequence[Opening]) -> None:
            nonlocal opened, to_ask
            done = self._store.open(openings, self._window_ms)
            opened += done.auctions
            to_ask += done.auctions if done.ask else 0

        in_halves([self._decide(one) for one in due], record, self._postpone)
        if to_ask:
            self._nudges.nudge("bids.collect", work=to_ask)
        if len(due) == LIMIT:
            self._nudges.nudge("auctions.open", at_once=True)
        return retired + opened

    def _decide(self, due: DueIntent) -> Opening:
        return open_auction(due, self._rules, self._random_bytes)

    def _postpone(self, opening: Opening, error: Exception) -> None:
        """A row that fails alone waits; when the database is away this fails too, and ends the tick."""
        self._store.postpone(opening.intent_hash, POSTPONE_S)
        log.error("auction_open_failed", intent_hash=str(opening.intent_hash), exc_info=error)

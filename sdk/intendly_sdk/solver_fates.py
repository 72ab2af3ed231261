"""Tells a solver what became of its bids, in order, and beside the auctions: none waits for `heard`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from intendly_sdk.messages import Event
from intendly_sdk.solver import Solver

WAITING_MAX = 1_000
"""Events that wait for a `heard` that is slow; beyond it the oldest are left out."""
log = logging.getLogger("intendly_sdk.solver")


class Fates:
    """From one event loop, until `close`."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._waiting: deque[Event] = deque()
        self._telling: asyncio.Task[None] | None = None

    def tell(self, event: Event) -> None:
        """Call `heard` with it, in a thread, once it was called with those before it. What it raises is logged."""
        self._waiting.append(event)
        if len(self._waiting) > WAITING_MAX:
            left_out = self._waiting.popleft()
            log.warning(
                "%s.unheard auction_id=%s: `heard` is slower than events come", left_out.kind.value, left_out.auction_id
            )
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="solver heard")

    async def close(self) -> None:
        """Give up what is not told; what is being told ends by itself."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling})

    async def _tell(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            try:
                await asyncio.to_thread(self._solver.heard, event)
            except Exception:
                log.exception("%s.heard_failed auction_id=%s", event.kind.value, event.auction_id)

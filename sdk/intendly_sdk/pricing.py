"""Prices what a solver is asked: a few at a time, a few in wait. One that falls behind sheds the oldest first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from intendly_sdk.messages import AuctionOpened, QuoteAnswer, QuoteAsk, SignedBid
from intendly_sdk.solver import Solver
from intendly_sdk.stream_messages import aged

Asked = TypeVar("Asked")
Got = TypeVar("Got")
WORKERS = 4
BACKLOG = 64
_TELL_EVERY_S = 0.5
log = logging.getLogger("intendly_sdk.solver")


def check_bounds(workers: int, backlog: int) -> None:
    """Raises `ValueError`."""
    if workers < 1 or backlog < 1:
        raise ValueError(f"workers, backlog: expected at least 1 of each, got {workers} and {backlog}")


class Shed(Exception):
    """Given up: others came meanwhile, or its time ran out before its turn."""


class Turns:
    """At most `at_once` have a turn; of those who wait beyond `backlog`, who has waited longest is shed."""

    def __init__(self, at_once: int, backlog: int) -> None:
        self._free = at_once
        self._backlog = backlog
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @asynccontextmanager
    async def turn(self, ends: float) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises `Shed`, also where the turn comes after `ends` (monotonic seconds)."""
        await self._wait()
        try:
            if time.monotonic() >= ends:
                raise Shed
            yield
        finally:
            self._pass_on()

    async def _wait(self) -> None:
        if self._free:
            self._free -= 1
            return
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if len(self._waiting) > self._backlog:
            self._waiting.popleft().set_result(False)
        try:
            has_turn = await mine
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine.cancelled() and mine.result():
                self._pass_on()
            raise
        if not has_turn:
            raise Shed

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(True)
        else:
            self._free += 1


class Pricing:
    """A solver's answers, from one event loop: `workers` at a time, in threads unless `price` is `async def`.

    Up to `backlog` auctions wait, and as many quotes beside them.
    """

    def __init__(self, solver: Solver, workers: int = WORKERS, backlog: int = BACKLOG) -> None:
        self._solver = solver
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="price")
        self._auctions = Turns(workers, backlog)
        self._quotes = Turns(workers, backlog)
        self._shed = 0
        self._is_closed = False

    async def close(self) -> None:
        """Shed what waits, and wait for the prices under way."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._tell()

    @asynccontextmanager
    async def turn(self, ends: float) -> AsyncIterator[None]:
        """The turn of one auction, for whatever is to be done within it. Raises `Shed`, and says so in the log."""
        try:
            async with self._auctions.turn(ends):
                if self._is_closed:
                    raise Shed
                yield
        except Shed:
            if self._is_closed:
                raise
            if not self._shed:
                asyncio.get_running_loop().call_later(_TELL_EVERY_S, self._tell)
            self._shed += 1
            raise

    async def bid(self, auction: AuctionOpened, closes: float) -> SignedBid | None:
        """The signed bid, or None to decline; within a `turn`. It closes at `closes` (monotonic seconds)."""
        auction = aged(auction, auction.ms_left / 1000 - (closes - time.monotonic()))
        is_async = iscoroutinefunction(self._solver.price)
        return await self._answer(is_async, self._solver.answer_async, self._solver.answer, auction)

    async def quote(self, ask: QuoteAsk, ends: float) -> QuoteAnswer:
        """The indication; none where it is shed."""
        is_async = iscoroutinefunction(self._solver.price) or iscoroutinefunction(self._solver.quote)
        try:
            async with self._quotes.turn(ends):
                if self._is_closed:
                    raise Shed
                return await self._answer(is_async, self._solver.answer_quote_async, self._solver.answer_quote, ask)
        except Shed:
            return QuoteAnswer()

    async def _answer(
        self,
        is_async: bool,
        on_the_loop: Callable[[Asked], Coroutine[Any, Any, Got]],
        in_a_thread: Callable[[Asked], Got],
        asked: Asked,
    ) -> Got:
        if is_async:
            return await on_the_loop(asked)
        return await asyncio.get_running_loop().run_in_executor(self._pool, in_a_thread, asked)

    def _tell(self) -> None:
        shed, self._shed = self._shed, 0
        if shed:
            log.warning(
                "auction.shed count=%d: they closed, or others came, before their turn; where that is not after a lost "
                "line, give this solver more workers, or a faster price",
                shed,
            )

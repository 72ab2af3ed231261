"""Runs a solver over the stream: hears auctions, answers each at once, tells what became of its bids."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import ApiError, CursorGoneError, IntendlyError, NetworkError
from intendly_sdk.messages import AuctionOpened, Event, EventKind, SignedBid
from intendly_sdk.pricing import BACKLOG, WORKERS, Pricing, Shed, Turns, check_bounds
from intendly_sdk.solver import Solver
from intendly_sdk.stream_messages import auction_of

log = logging.getLogger("intendly_sdk.solver")
_FATES = frozenset({EventKind.BID_DECIDED, EventKind.FILL_FAILED, EventKind.INTENT_SETTLED, EventKind.INTENT_REOPENED})
_LOOK_EVERY_S = 0.5


class StreamSolver:
    """`run()`, or `await serve()` in a program of asyncio, until `stop()`.

    It logs in with the solver's key, on every connection anew, and prices up to `workers` auctions at a time. Up to
    `backlog` more wait; beyond, the oldest are shed first: declined, so that nobody waits for them, and counted in the
    log as `auction.shed`. `connected` is set while it hears auctions.
    """

    def __init__(
        self, solver: Solver, *, stream_url: str | None = None, workers: int = WORKERS, backlog: int = BACKLOG
    ) -> None:
        self._solver = solver
        self._url = stream_url or solver.config.stream_url
        check_bounds(workers, backlog)
        self._workers = workers
        self._backlog = backlog
        self._stopped = threading.Event()
        self._running: tuple[asyncio.AbstractEventLoop, AsyncStreamClient] | None = None
        self.connected = threading.Event()

    def stop(self) -> None:
        """Make `run` return within a second or two, once the prices under way are done. Safe in a signal handler."""
        self._stopped.set()
        if self._running is not None:
            loop, stream = self._running
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stream.stop)

    def run(self) -> None:
        """Hear and answer auctions. A refused login is tried again: a registration takes a block to be seen."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """`run`, on the caller's event loop. May be cancelled."""
        pricing = Pricing(self._solver, self._workers, self._backlog)
        solver = self._solver
        async with AsyncStreamClient(
            self._url, signer=solver.signer, domain=solver.domain, solver=solver.solver
        ) as stream:
            self._running = asyncio.get_running_loop(), stream
            answering = _Answering(pricing, stream, self._backlog)
            try:
                await self._listen(stream, answering)
            finally:
                self._running = None
                self.connected.clear()
                await answering.close()
                await pricing.close()

    async def _listen(self, stream: AsyncStreamClient, answering: _Answering) -> None:
        is_subscribed = False
        while not self._stopped.is_set():
            event = None
            try:
                if not is_subscribed:
                    is_subscribed = True
                    await stream.subscribe(solver=True)
                else:
                    event = await stream.next_event(timeout=_LOOK_EVERY_S)
            except CursorGoneError:
                log.warning("stream.cursor_gone: events of the old epoch went by unseen")
            except IntendlyError as error:
                if not self._stopped.is_set():
                    log.warning("stream.refused reason=%r", str(error))
            self._note(stream.is_connected)
            if event is not None:
                await self._hear(event, answering)

    def _note(self, is_connected: bool) -> None:
        if is_connected and not self.connected.is_set():
            self.connected.set()
            log.info("stream.subscribed solver=%s url=%s", self._solver.solver, self._url)
        elif not is_connected and self.connected.is_set():
            self.connected.clear()
            log.warning("stream.lost: connecting again")

    async def _hear(self, event: Event, answering: _Answering) -> None:
        if event.kind is EventKind.AUCTION_OPENED:
            try:
                answering.begin(auction_of(event))
            except ValueError as error:
                log.warning("auction.unreadable auction_id=%s reason=%r", event.auction_id, str(error))
        elif event.kind in _FATES:
            log.info("%s auction_id=%s %s", event.kind.value, event.auction_id, _fields(event))
            try:
                await asyncio.to_thread(self._solver.heard, event)
            except Exception:
                log.exception("%s.heard_failed auction_id=%s", event.kind.value, event.auction_id)
        elif event.kind is EventKind.SOLVER_CHANGED:
            log.info("%s %s", event.kind.value, _fields(event))


class _Answering:
    """The auctions of one run that are being answered, each by a task."""

    def __init__(self, pricing: Pricing, stream: AsyncStreamClient, backlog: int) -> None:
        self._pricing = pricing
        self._stream = stream
        self._declining = Turns(1, backlog)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, auction: AuctionOpened) -> None:
        """Answer it, unless it is closed already."""
        if auction.ms_left > 0:
            task = asyncio.create_task(self._answer(auction, time.monotonic() + auction.ms_left / 1000))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is not answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, auction: AuctionOpened, ends: float) -> None:
        try:
            try:
                async with self._pricing.turn(ends):
                    bid = await self._pricing.bid(auction)
                    reply = await self._send(auction, bid)
            except Shed:
                bid = None
                async with self._declining.turn(ends):
                    reply = await self._send(auction, None)
            await reply
        except Shed:
            return
        except ApiError as error:
            what, problem = "decline" if bid is None else "bid", error.problem
            log.warning(
                "%s.refused auction_id=%s code=%s detail=%r", what, auction.auction_id, error.code, problem.detail
            )
        except NetworkError as error:
            log.warning("auction.unanswered auction_id=%s reason=%r", auction.auction_id, str(error))

    async def _send(self, auction: AuctionOpened, bid: SignedBid | None) -> Awaitable[dict[str, Any]]:
        if bid is None:
            return await self._stream.send_decline(auction.auction_id)
        return await self._stream.send_bid(bid)


def _fields(event: Event) -> str:
    # Failing calldata is long; whoever wants all of it overrides `heard`.
    return " ".join(f"{name}={str(value)[:200]}" for name, value in sorted(event.data.items()))

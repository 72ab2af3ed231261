"""Follows the demo's intents as their swappers would: over the stream, with the API where the stream points to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from intendly_sdk.client import VenueClient
from intendly_sdk.errors import CursorGoneError, IntendlyError
from intendly_sdk.messages import AuctionView, Event, EventKind, IntentState
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.stream import StreamClient

from cli.demo.trades import Trade

_ENDED = {IntentState.SETTLED, IntentState.EXPIRED, IntentState.CANCELLED}


@dataclass
class Followed:
    """One intent of the demo, and what was seen of it. Times are this process's monotonic clock, seconds.

    `quote` is what the best single pool would have given when the intent was signed.
    """

    number: int
    trade: Trade
    intent_hash: Hash32
    amount_in: int
    min_amount_out: int
    quote: int
    posted_at: float
    auctions: list[AuctionView] = field(default_factory=list)
    ended_at: float | None = None
    is_settled: bool = False
    fill: dict[str, object] = field(default_factory=dict)


class Follower:
    """Hears of the intents of some swappers, on a thread of its own, and tells `heard` of each event."""

    def __init__(self, api: VenueClient, swappers: Sequence[Address], heard: Callable[[Followed, Event], None]) -> None:
        self._api = api
        self._heard = heard
        self._followed: dict[Hash32, Followed] = {}
        self._early: dict[Hash32, list[Event]] = {}
        self._lock = threading.Lock()
        self._stream = StreamClient(api.known_config.stream_url)
        self._stream.subscribe(swappers=tuple(swappers))
        self._thread = threading.Thread(target=self._listen, name="follower", daemon=True)
        self._thread.start()

    def follow(self, followed: Followed) -> None:
        """Begin with this one. What was heard of it before its POST was answered is told now."""
        with self._lock:
            self._followed[followed.intent_hash] = followed
            early = self._early.pop(followed.intent_hash, [])
        for event in early:
            self._take(followed, event)

    def wait(self, timeout_s: float) -> None:
        """Return when all that is followed has ended, or after `timeout_s` seconds."""
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends and any(each.ended_at is None for each in list(self._followed.values())):
            time.sleep(0.05)
        self._ask_for_the_rest()

    def close(self) -> None:
        self._stream.stop()
        self._thread.join(timeout=5)
        self._stream.close()

    def _listen(self) -> None:
        while True:
            try:
                for event in self._stream.events():
                    self._hear(event)
                return
            except CursorGoneError:
                continue  # what went by unseen is asked for in the end

    def _hear(self, event: Event) -> None:
        if event.intent_hash is None:
            return
        with self._lock:
            followed = self._followed.get(event.intent_hash)
            if followed is None:
                self._early.setdefault(event.intent_hash, []).append(event)
                return
        self._take(followed, event)

    def _take(self, followed: Followed, event: Event) -> None:
        if event.kind is EventKind.AUCTION_CLOSED and event.auction_id is not None:
            try:
                followed.auctions.append(self._api.auction(event.auction_id))
            except IntendlyError:
                return
        if event.kind is EventKind.INTENT_SETTLED:
            followed.ended_at, followed.is_settled, followed.fill = time.monotonic(), True, dict(event.data)
        elif event.kind in (EventKind.INTENT_EXPIRED, EventKind.INTENT_CANCELLED):
            followed.ended_at = time.monotonic()
        elif event.kind is EventKind.INTENT_REOPENED:
            followed.ended_at, followed.is_settled = None, False
        self._heard(followed, event)

    def _ask_for_the_rest(self) -> None:
        """Whatever was not heard in time is asked for once: the API knows, also after a new epoch."""
        for followed in self._followed.values():
            if followed.ended_at is not None:
                continue
            try:
                view = self._api.get(followed.intent_hash)
            except IntendlyError:
                continue
            if view.state in _ENDED:
                followed.ended_at, followed.is_settled = time.monotonic(), view.state is IntentState.SETTLED
            if view.fill is not None:
                followed.fill = view.fill.model_dump(mode="json")

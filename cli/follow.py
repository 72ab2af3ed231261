"""One intent, from before it is posted to its end: heard over the stream, asked for where that is silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from intendly_sdk.client import VenueClient
from intendly_sdk.errors import CursorGoneError, IntendlyError, NetworkError
from intendly_sdk.messages import Event, IntentState, IntentView
from intendly_sdk.primitives import Hash32
from intendly_sdk.stream import StreamClient

_ENDED: Final = frozenset({IntentState.SETTLED, IntentState.CANCELLED, IntentState.EXPIRED})
_ASK_S: Final = 2.0


class Followed:
    """Hears of the intent from its making on, so that nothing of it is missed. A stream that fails is no error."""

    def __init__(self, venue: VenueClient, intent_hash: Hash32) -> None:
        self._venue = venue
        self._hash = intent_hash
        self._stream = StreamClient(venue.known_config.stream_url)
        with suppress(IntendlyError):
            self._stream.subscribe(intents=(intent_hash,))

    def close(self) -> None:
        """Hear no more."""
        self._stream.close()

    def until_ended(self, heard: Callable[[Event], None], wait_s: float) -> IntentView | None:
        """Tell `heard` of each event; the intent once it is settled, cancelled or expired, None when time is up."""
        ends = time.monotonic() + wait_s
        while True:
            left = ends - time.monotonic()
            event = self._next(min(_ASK_S, max(left, 0.0)))
            if event is not None:
                heard(event)
            if event is None or event.kind.removeprefix("intent.") in _ENDED:
                with suppress(NetworkError):
                    view = self._venue.get(self._hash)
                    if view.state in _ENDED:
                        return view
            if left <= 0:
                return None

    def _next(self, timeout_s: float) -> Event | None:
        try:
            return self._stream.next_event(timeout_s)
        except CursorGoneError:
            return None
        except IntendlyError:
            time.sleep(timeout_s)  # refused: the API tells the same, only later
            return None

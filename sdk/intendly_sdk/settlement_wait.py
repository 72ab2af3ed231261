"""Waiting for a fill: by the stream while it holds, by asking now and then in any case."""

from __future__ import annotations

import time
from typing import Protocol

from intendly_sdk.errors import CursorGoneError, IntendlyError, IntentNotFilledError, NetworkError, WaitTimeoutError
from intendly_sdk.messages import IntentState, IntentStatus, IntentView
from intendly_sdk.primitives import Hash32
from intendly_sdk.stream import StreamClient

POLL_SECONDS = 1.0


class IntentReader(Protocol):
    """Where intents are read: the client."""

    def get(self, intent_hash: Hash32) -> IntentView:
        """The intent as it stands."""

    def status(self, intent_hash: Hash32) -> IntentStatus:
        """Why it is not filled."""


def wait_until_settled(reader: IntentReader, stream_url: str, intent_hash: Hash32, timeout: float) -> IntentView:
    """Ask until the intent has ended; an event about it makes the next question come at once."""
    ends = time.monotonic() + timeout
    stream: StreamClient | None = _subscribed(stream_url, intent_hash, timeout)
    try:
        while True:
            view = _ended(reader, intent_hash)
            if view is not None:
                return view
            left = ends - time.monotonic()
            if left <= 0:
                raise WaitTimeoutError(intent_hash, timeout, _standing(reader, intent_hash))
            if stream is None:
                time.sleep(min(POLL_SECONDS, left))
                continue
            try:
                stream.next_event(timeout=min(POLL_SECONDS * 3, left))
            except CursorGoneError:
                continue
            except IntendlyError:
                stream.close()
                stream = None
    finally:
        if stream is not None:
            stream.close()


def _subscribed(stream_url: str, intent_hash: Hash32, timeout: float) -> StreamClient | None:
    stream = StreamClient(stream_url, open_timeout=min(3.0, timeout), reconnect=False)
    try:
        stream.subscribe(intents=(intent_hash,))
    except IntendlyError:
        stream.close()
        return None
    return stream


def _standing(reader: IntentReader, intent_hash: Hash32) -> IntentStatus | None:
    try:
        return reader.status(intent_hash)
    except IntendlyError:
        return None


def _ended(reader: IntentReader, intent_hash: Hash32) -> IntentView | None:
    """The settled intent, or nothing yet. A network that fails is not an end."""
    try:
        view = reader.get(intent_hash)
        if view.state in (IntentState.EXPIRED, IntentState.CANCELLED):
            raise IntentNotFilledError(reader.status(intent_hash))
    except NetworkError:
        return None
    return view if view.state is IntentState.SETTLED else None

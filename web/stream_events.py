"""The same events as server-sent events (WHATWG HTML, 9.2): GET /api/v1/stream/events, for who only listens."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Final

import gevent
from flask import Response, request
from gevent.event import Event as Signal

from intendly.domain.events import Interest
from intendly.services.ports import EventStore
from web.stream_backlog import write_of
from web.stream_following import TOO_SLOW, Client, Following
from web.stream_frame import Frame, Frames
from web.stream_hub import Hub
from web.stream_query import events_query

PATH: Final = "/api/v1/stream/events"
QUIET_S: Final = 20.0
"""A comment is sent after as long without an event, so that who is gone is noticed."""
AT_ONCE: Final = 64
"""Events in one write."""
RETRY_MS: Final = (500, 3_000)
"""After how long a client comes back that lost us; drawn for each, so that they don't all come at once."""


class Listener(Client):
    """One who listens over HTTP. Its own greenlet takes what is said from `chunks`."""

    def __init__(self) -> None:
        super().__init__()
        self._news = Signal()
        self._last = b""

    def say(self, frame: Frame) -> None:
        if self.is_over:
            return
        if self._backlog.add(frame):
            self._news.set()
        else:
            self.end(TOO_SLOW, "too slow: reconnect and resume behind your last cursor")

    def end(self, code: int, why: str) -> None:
        if not self.is_over:
            self.is_over = True
            self._last = f"event: end\ndata: {json.dumps({'type': 'end', 'code': code, 'detail': why})}\n\n".encode()
            self._news.set()

    def chunks(self) -> Iterator[bytes]:
        """What is written, until the end."""
        while not self.is_over:
            while self._backlog and not self.is_over:
                yield Frames(write_of(self._backlog.all(), AT_ONCE)).server_sent()
            self._news.clear()
            if not self._backlog and not self.is_over and not self._news.wait(QUIET_S):
                yield b":\n\n"
        yield self._last


def respond(listener: Listener, hub: Hub, store: EventStore) -> Response:
    """The stream of what the query asks for, behind the header Last-Event-ID or `after`.

    Raises `CursorGone`, and as `events_query`.
    """
    query = events_query(request)
    following = Following(listener, hub, store)
    after = following.position(query.after)
    interest = Interest(
        intents=frozenset(map(str, query.intents)),
        swappers=frozenset(map(str, query.swappers)),
        auctions=query.auctions,
    )
    upto = following.add(interest)
    catching_up = gevent.spawn(following.catch_up, interest, after, upto)

    def stop() -> None:
        following.stop()
        catching_up.kill(block=False)

    response = Response(_body(query.after or hub.head.cursor, hub.now_ms(), listener), content_type="text/event-stream")
    response.headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response.call_on_close(stop)
    return response


def _body(cursor: str, now_ms: int, listener: Listener) -> Iterator[bytes]:
    """The hello bears the cursor from which a client goes on that is cut off before its first event."""
    hello: dict[str, Any] = {"type": "hello", "cursor": cursor, "server_time": now_ms}
    yield f"retry: {random.randint(*RETRY_MS)}\nid: {cursor}\nevent: hello\ndata: {json.dumps(hello)}\n\n".encode()  # noqa: S311
    yield from listener.chunks()

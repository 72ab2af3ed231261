"""What is said on a stream, encoded once for all who hear it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from intendly.domain.events import Published

_FINAL_TEXT = 0x81


class Frame:
    """JSON text that all its listeners share: as one WebSocket frame, or as a server-sent event.

    That of an opened auction tells the database's time and the milliseconds that are left at the moment of sending.
    """

    __slots__ = ("_at_ms", "_event", "_now_ms", "_text", "_websocket", "cursor")

    def __init__(self, text: str, cursor: str = "") -> None:
        self._text = text
        self.cursor = cursor
        self._event: Published | None = None
        self._now_ms: Callable[[], int] | None = None
        self._at_ms = 0
        self._websocket = b""

    @classmethod
    def of(cls, event: Published, now_ms: Callable[[], int]) -> Frame:
        """The frame of `event`; `now_ms` is the database's clock."""
        frame = cls(event.frame, f"{event.epoch}-{event.number}")
        if event.closes_at is not None:
            frame._event, frame._now_ms = event, now_ms
        return frame

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        return len(self._text)

    def text(self) -> str:
        """The JSON, as it is to be sent now."""
        if self._event is not None and self._now_ms is not None:
            now, closes_at = self._now_ms(), self._event.closes_at or 0
            if now != self._at_ms:
                self._at_ms, self._websocket = now, b""
                self._text = f'{self._event.frame[:-1]},"server_time":{now},"ms_left":{max(0, closes_at - now)}}}'
        return self._text

    def websocket(self) -> bytes:
        """One unmasked text frame (RFC 6455, 5.2)."""
        text = self.text()
        if not self._websocket:
            self._websocket = text_frame(text)
        return self._websocket

    def server_sent(self) -> bytes:
        """One event of a text/event-stream, whose id is the cursor."""
        named = f"id: {self.cursor}\n" if self.cursor else ""
        return f"{named}data: {self.text()}\n\n".encode()


class Frames(Frame):
    """Several, sent by one write."""

    __slots__ = ("_frames",)

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__("")
        self._frames = frames

    @property
    def size(self) -> int:
        return sum(frame.size for frame in self._frames)

    def websocket(self) -> bytes:
        return b"".join(frame.websocket() for frame in self._frames)

    def server_sent(self) -> bytes:
        return b"".join(frame.server_sent() for frame in self._frames)


def text_frame(text: str) -> bytes:
    """`text` as one unmasked WebSocket frame."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((_FINAL_TEXT, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _FINAL_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _FINAL_TEXT, 127, size) + payload

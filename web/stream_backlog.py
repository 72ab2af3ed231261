"""What waits for one client, bounded in frames and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from web.stream_frame import Frame

WRITE_MAX_BYTES: Final = 65_536
"""Of one write, which has one frame at least."""


class Backlog:
    """Frames in their order. A frame that is alone is never too large."""

    def __init__(self, frames_max: int, bytes_max: int) -> None:
        self._frames_max, self._bytes_max = frames_max, bytes_max
        self._frames: deque[Frame] = deque()
        self.size = 0

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: Frame) -> bool:
        """False where it is full, and then the frame is not in."""
        if self._frames and (len(self) >= self._frames_max or self.size + frame.size > self._bytes_max):
            return False
        self._frames.append(frame)
        self.size += frame.size
        return True

    def take(self) -> Frame:
        """The next. Raises `IndexError`."""
        frame = self._frames.popleft()
        self.size -= frame.size
        return frame

    def all(self) -> Iterator[Frame]:
        """One after the other, until none is left."""
        while self._frames:
            yield self.take()


def write_of(frames: Iterable[Frame], most: int) -> list[Frame]:
    """The next of `frames` that go into one write: at most so many, and no more behind `WRITE_MAX_BYTES`."""
    taken: list[Frame] = []
    size = 0
    for frame in frames:
        taken.append(frame)
        size += frame.size
        if len(taken) >= most or size >= WRITE_MAX_BYTES:
            break
    return taken

"""The clients of `bench.clients`, as the one who measures speaks to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from subprocess import Popen
from typing import Final

from bench.child import ask, running_module

STREAM_PATH: Final = "/api/v1/stream"


class Crowd:
    """Connections that are open, in a process of their own. Everything raises `BenchError` when one is refused or lost.

    Times are those of `time.monotonic`, which all processes of a machine share.
    """

    def __init__(self, process: Popen[str]) -> None:
        self._process = process

    def open(self, count: int, port: int, subscribe: Mapping[str, object], after: str = "") -> None:
        """Connect and subscribe; returns when all were answered. `after` is a cursor, to resume behind it."""
        path = f"{STREAM_PATH}?after={after}" if after else STREAM_PATH
        said = json.dumps({"type": "subscribe", "id": 1, **subscribe})
        ask(
            self._process,
            {"command": "open", "count": count, "host": "127.0.0.1", "port": port, "path": path, "subscribe": said},
        )

    def frames(self, each: int = 1) -> list[float]:
        """When each of them had `each` further frames."""
        at: list[float] = ask(self._process, {"command": "frames", "each": each})["at"]
        return at

    def close(self) -> None:
        """Close all; others may be opened."""
        ask(self._process, {"command": "close"})


@contextmanager
def crowd() -> Iterator[Crowd]:
    """A process of clients, none connected yet."""
    with running_module("bench.clients") as process:
        yield Crowd(process)

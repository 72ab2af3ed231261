"""An event loop on a thread of its own, for callers who wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from intendly_sdk.errors import NetworkError

Got = TypeVar("Got")
_JOIN_SECONDS = 2.0


class LoopClosed(NetworkError):
    """It was closed before the call was answered."""


class LoopThread:
    """Runs coroutines for other threads, from its construction until `close`."""

    def __init__(self, name: str) -> None:
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name=name, daemon=True)
        self._thread.start()
        self._loop, self._ended = self._started.result()

    def start(self, coroutine: Coroutine[Any, Any, Got]) -> Future[Got]:
        """Begin, and go on. Raises `LoopClosed`."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise LoopClosed("closed") from None

    def run(self, coroutine: Coroutine[Any, Any, Got]) -> Got:
        """Wait for what the coroutine returns or raises. An interrupt of the caller cancels it. Raises `LoopClosed`."""
        future = self.start(coroutine)
        try:
            return future.result()
        except CancelledError:
            raise LoopClosed("closed meanwhile") from None
        except BaseException:
            future.cancel()
            raise

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call it on the loop. Safe in a signal handler; does nothing once the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        self.call_soon(self._ended.set)
        self._thread.join(_JOIN_SECONDS)

    async def _live(self) -> None:
        ended = asyncio.Event()
        self._started.set_result((asyncio.get_running_loop(), ended))
        await ended.wait()

"""A clean end on Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Within the block the first Ctrl-C or SIGTERM calls `stop`; another one is as without this.

    Handlers of the program's own stay as they are. In another thread than the main one it does nothing.
    """
    before: dict[int, object] = {}

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        before.clear()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, on_signal)
    try:
        yield
    finally:
        restore()

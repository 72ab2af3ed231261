"""A clean end on Ctrl-C, SIGTERM and the end of the terminal: the first asks for it, later ones do not interrupt it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_LOOK_S = 0.5
_AGAIN_S = 0.05


@contextmanager
def stopped_once() -> Iterator[None]:
    """Within the block the first such signal raises KeyboardInterrupt; each later one only says that it was heard.

    So does the end of the terminal that it has in the foreground. Where SIGHUP was ignored (nohup) it goes on.
    """
    asked = False

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if number == signal.SIGHUP:
            _let_go()
        if asked:
            sys.stderr.write("stopping already\n")
            return
        asked = True
        # It may fall between the making of a coroutine and its start.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        raise KeyboardInterrupt

    def on_unraisable(lost: sys.UnraisableHookArgs) -> None:
        nonlocal asked
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            hook_before(lost)
            return
        asked = False  # it was raised where Python lets nothing through, as in a __del__: ask again outside
        threading.Timer(_AGAIN_S, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()

    outlives = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    signals = (signal.SIGINT, signal.SIGTERM) if outlives else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in signals}
    hook_before, sys.unraisablehook = sys.unraisablehook, on_unraisable
    try:
        with contextlib.nullcontext() if outlives else _terminal_watched():
            yield
    finally:
        sys.unraisablehook = hook_before
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _terminal_watched() -> Iterator[None]:
    """Within the block the end of the terminal is a SIGHUP to us.

    The kernel tells the session's leader, and what is in the foreground only once that one ends; make as leader waits.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        if any(_hung_up(stream) for stream in (0, 1, 2)):  # it ended while we were starting
            signal.raise_signal(signal.SIGHUP)
        yield
        return
    done, main = threading.Event(), threading.get_ident()

    def watch() -> None:
        in_foreground = True
        while not done.is_set():
            try:
                in_foreground = os.tcgetpgrp(terminal) == os.getpgrp()
            except OSError:  # it has ended
                if in_foreground:
                    signal.pthread_kill(main, signal.SIGHUP)
                return
            done.wait(_LOOK_S)

    watcher = threading.Thread(target=watch, name="watch the terminal", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        os.close(terminal)


def _hung_up(file: int) -> bool:
    """Whether it is a terminal that has ended."""
    try:
        os.tcgetpgrp(file)
    except OSError as error:
        return error.errno == errno.EIO
    return False


def _let_go() -> None:
    """What is said to a terminal that has ended goes nowhere from here on; it would be an error."""
    with Path(os.devnull).open("r+b", buffering=0) as nowhere:
        for stream in filter(_hung_up, (0, 1, 2)):
            os.dup2(nowhere.fileno(), stream)

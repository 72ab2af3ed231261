"""While a process loads, the garbage collector rests.

Of what is imported hardly anything ever goes, and to look at all of it again and again takes much of the time.
"""

from __future__ import annotations

import gc


def begin() -> None:
    """Before the imports."""
    gc.disable()


def done() -> None:
    """All is loaded: it stays for good, and is not looked at again, neither before a fork nor during work."""
    gc.freeze()
    gc.enable()

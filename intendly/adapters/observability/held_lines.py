"""Lines of log that are written together: of one for each request, a write each costs a tenth of all."""

from __future__ import annotations

import atexit
from collections.abc import Callable

from intendly.adapters.errand import Errand


class HeldLines:
    """Hands what it holds to `write` as one text, every `every_s` seconds at most, and at the end of the process.

    A process that is killed takes with it what it holds.
    """

    def __init__(self, write: Callable[[str], None], *, every_s: float) -> None:
        self._write = write
        self._lines: list[str] = []
        self._writing = Errand(self.write, name="log", every_s=every_s)
        atexit.register(self.write)

    def hold(self, line: str) -> None:
        """Have it written soon."""
        self._lines.append(line)
        self._writing.ask()

    def write(self) -> None:
        """Write what is held now."""
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join(lines))

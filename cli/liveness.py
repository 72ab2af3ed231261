"""Whether a process still answers: one check over HTTP, and how many in a row without an answer mean that it hangs."""

from __future__ import annotations

import http.client
import urllib.request

HANGS_AFTER = 3
"""Checks in a row."""
STARTS_WITHIN = 24
"""Such checks before the first answer."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers_200(url: str, *, timeout_s: float) -> bool:
    """Whether a GET of `url` is answered with 200. Never raises."""
    try:
        with _direct.open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException, ValueError):
        return False


class Silence:
    """The checks of one child of ours, one after the other, `check_s` seconds each.

    They are counted, not timed. One that came late tells nothing: where we ourselves were stopped or starved, so was
    what we check, and the first checks after that must not restart everything at once.
    """

    def __init__(self, check_s: float) -> None:
        self.missed = 0
        self._check_s = check_s
        self._most = STARTS_WITHIN

    def hangs(self, *, answered: bool, took_s: float) -> bool:
        """Add a check, which took `took_s` with the pause behind it: whether the child is to be restarted."""
        if answered:
            self._most = HANGS_AFTER
        late = took_s > 2 * self._check_s
        self.missed = 0 if answered or late else self.missed + 1
        return self.missed >= self._most

"""An intent whose deadline an indexed block has passed without a fill can never be filled: it is expired."""

from __future__ import annotations

from intendly.services.ports import Expiry

BATCH = 500


class ExpireIntents:
    """One tick ends all that the indexed chain has outlived, in batches."""

    def __init__(self, expiry: Expiry) -> None:
        self._expiry = expiry

    def run(self) -> int:
        """Returns how many intents expired."""
        expired = 0
        while count := self._expiry.expire(BATCH):
            expired += count
            if count < BATCH:
                break
        return expired

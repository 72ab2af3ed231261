"""At its start a process makes sure that database, deployment file and chain are about the same thing.

A chain id is not enough: two local chains have one id, and a database that outlived its chain would be full of fills
that never were.
"""

from __future__ import annotations

from intendly.domain.deployment import Home, strangeness
from intendly.services.ports import ChainIdentity, HomeStore
from intendly.settings import SettingsError


class CheckHome:
    """Run before anything else touches the rows. Raises `SettingsError` that names both sides."""

    def __init__(self, chain: ChainIdentity, homes: HomeStore, home: Home) -> None:
        self._chain = chain
        self._homes = homes
        self._home = home

    def run(self) -> None:
        """Raises `ChainUnavailable` too: a chain that nobody reaches cannot be known."""
        identity = self._chain.identity()
        wrong = strangeness(self._home, identity, self._home)
        wrong = wrong or strangeness(self._home, identity, self._homes.settle_in(self._home))
        if wrong:
            raise SettingsError(wrong)

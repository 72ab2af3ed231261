"""While the venue is paused every write over HTTP is refused but a cancel; reads go on (`intendly pause`)."""

from __future__ import annotations

from typing import Final

from flask import Flask

from intendly.domain.errors import Paused
from intendly.services.ports import PauseReader
from web.budgets import API
from web.current import request

_GOES_ON: Final = frozenset({"api.intents.cancel"})


def register(app: Flask, pause: PauseReader) -> None:
    """Look before each write. What comes by another way than HTTP is held by its service."""

    def look() -> None:
        asked = request()
        is_write = asked.path.startswith(API) and asked.method not in ("GET", "HEAD", "OPTIONS")
        if is_write and asked.endpoint not in _GOES_ON and (reason := pause.reason()) is not None:
            raise Paused.because(reason)

    app.before_request(look)

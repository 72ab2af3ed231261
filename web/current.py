"""The venue that this application serves."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from intendly.bootstrap import Venue

_KEY = "intendly.venue"


def serve(app: Flask, venue: Venue) -> None:
    """Make `venue` the one that the views of `app` call."""
    app.extensions[_KEY] = venue


def venue() -> Venue:
    """The venue of the application that handles the current request."""
    return cast("Venue", current_app.extensions[_KEY])

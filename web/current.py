"""The venue that this application serves, and the request that it answers now."""

from __future__ import annotations

from typing import cast

import flask
from flask import Flask, current_app

from intendly.bootstrap.relayer import RelayerVenue

_KEY = "intendly.venue"


def request() -> flask.Request:
    """The current request itself: through Flask's proxy each look at it costs as much as finding it."""
    return cast("flask.Request", flask.request._get_current_object())  # type: ignore[attr-defined]


def serve(app: Flask, venue: RelayerVenue) -> None:
    """Make `venue` the one that the views of `app` call."""
    app.extensions[_KEY] = venue


def venue() -> RelayerVenue:
    """The venue of the application that handles the current request."""
    return cast("RelayerVenue", current_app.extensions[_KEY])

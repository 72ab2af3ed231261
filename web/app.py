"""backend-relayer: the HTTP API under /api/v1, health and metrics at the root."""

from __future__ import annotations

from flask import Blueprint, Flask
from werkzeug.routing import BaseConverter

from intendly.adapters.db.pause import PauseStore
from intendly.adapters.observability.health import chain_check, database_check, pause_check, redis_check
from intendly.bootstrap.relayer import RelayerVenue
from intendly.settings import Settings, load_settings
from web import budgets, current, headers, pause, problems, queries, telemetry
from web.auctions import auctions
from web.bids import bids
from web.config import config
from web.health import health_blueprint
from web.intents import intents
from web.openapi.pages import pages
from web.proxies import TrustedProxies
from web.quotes import quotes
from web.solvers import solvers
from web.tokens import tokens

PROCESS = "backend-relayer"


def create_app(settings: Settings | None = None) -> Flask:
    """The application of one process; it connects to nothing before its first request.

    Raises `SettingsError` for a bad environment, and for a deployment file that is missing.
    """
    settings = settings or load_settings()
    venue = RelayerVenue(settings, process="relayer")
    # Wired now, not by a race.
    _ = (venue.submit_intents, venue.cancel_intents, venue.give_quotes, venue.place_bids)
    _ = (venue.read_intents, venue.read_auctions, venue.read_solvers)
    app = Flask("web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.body_max_bytes
    current.serve(app, venue)
    telemetry.register(app)
    headers.register(app, settings.cors_origins)
    budgets.register(app, venue.budgets, settings)
    pause.register(app, venue.pause)
    queries.register(app)
    problems.register(app)
    add_routes(app)
    checks = [
        database_check(venue.health_database),
        redis_check(settings.redis_url.get_secret_value()),
        chain_check(venue.health_database),
        venue.budgets.check(),
        pause_check(PauseStore(venue.health_database)),
    ]
    app.register_blueprint(health_blueprint(PROCESS, checks))
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.proxy_networks)  # type: ignore[method-assign]
    return app


class PathPart(BaseConverter):
    """A variable part of a path is no action's name: GET /intents/batch asks for no intent, it is not allowed."""

    regex = "(?!batch$)[^/]+"
    part_isolating = True


def add_routes(app: Flask) -> None:
    """The API, and the document that describes it."""
    app.url_map.converters["default"] = PathPart
    app.url_map.merge_slashes = False  # a path with // is no page; a redirect would go where the Host header says
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    for noun in (intents, quotes, bids, auctions, solvers, config, tokens):
        api.register_blueprint(noun)
    app.register_blueprint(api)
    app.register_blueprint(pages)

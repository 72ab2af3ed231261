"""websocket-server: /api/v1/stream, with health and metrics at the root. A process of its own, under gevent."""

from __future__ import annotations

import re
from typing import Any, Final

import gevent
import structlog
from flask import Flask, request
from flask_sock import Sock
from prometheus_client import REGISTRY, Gauge

from intendly.adapters.live import RedisFeed
from intendly.adapters.observability.health import Check, PartDown, database_check, redis_check
from intendly.bootstrap import Venue
from intendly.domain.errors import InvalidRequest, StreamFull, Unavailable
from intendly.settings import Settings, load_settings
from web import headers, problems, telemetry
from web.health import health_blueprint
from web.stream_hub import Hub
from web.stream_session import Session
from web.stream_socket import GOING_AWAY, StreamSocket

log = structlog.get_logger(__name__)

PROCESS: Final = "websocket-server"
MESSAGE_MAX_BYTES: Final = 131_072
PING_EVERY_S: Final = 20
CURSOR: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")


class StreamServer:
    """The connections of one process."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._most = venue.settings.ws_max_connections
        self.hub = Hub(venue.event_store, RedisFeed(venue.settings.redis_url.get_secret_value()))
        self._open: set[StreamSocket] = set()
        self._is_leaving = False
        self._reader: gevent.Greenlet[[], None] | None = None
        self._active = Gauge("websocket_connections_active", "Open stream connections.", registry=REGISTRY)

    def start(self) -> None:
        """Begin to read events, once the process is the one that serves."""
        self._reader = gevent.spawn(self.hub.run)

    def serve(self, ws: Any) -> None:
        """One connection, from its hello to its end."""
        socket = StreamSocket(ws)
        self._open.add(socket)
        self._active.set(len(self._open))
        venue = self._venue
        session = Session(
            socket,
            self.hub,
            venue.event_store,
            venue.solver_keys,
            venue.place_bids,
            venue.deployment.domain,
            after=request.args.get("after"),
        )
        try:
            session.run()
        finally:
            self._open.discard(socket)
            self._active.set(len(self._open))

    def admit(self) -> None:
        """Raises `StreamFull` where one more connection would be too many, `Unavailable` at the server's two ends."""
        if self._is_leaving:
            raise Unavailable("this server goes down; try another one")
        if len(self._open) >= self._most:
            raise StreamFull(f"this server holds {self._most} connections (WS_MAX_CONNECTIONS); try another one")
        if not self.hub.is_ready:
            raise Unavailable("this server has just started; try again in a moment")

    def go_away(self) -> None:
        """Tell every client that this server goes down, so that it resumes elsewhere."""
        self._is_leaving = True
        for socket in list(self._open):
            socket.end(GOING_AWAY, "the server goes down: resume behind your last cursor")

    def check(self) -> Check:
        """Ready once the events are read; without Redis it reads them from PostgreSQL, a little later."""

        def probe() -> dict[str, Any]:
            if not self.hub.is_ready:
                raise PartDown("the events are not read yet")
            return {"cursor": self.hub.head.cursor, "live": self.hub.is_live, "connections": len(self._open)}

        return Check("events", probe)


def create_app(settings: Settings | None = None) -> Flask:
    """The application of the process; `app.extensions["intendly.stream"]` is its `StreamServer`."""
    settings = settings or load_settings()
    venue = Venue(settings, process="stream")
    server = StreamServer(venue)
    app = Flask("web", static_folder=None)
    app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": MESSAGE_MAX_BYTES, "ping_interval": PING_EVERY_S}
    app.extensions["intendly.stream"] = server
    telemetry.register(app)
    headers.register(app, ())
    problems.register(app)

    @app.before_request
    def _admit() -> None:
        if request.path == "/api/v1/stream":
            # permessage-deflate triples the memory of a connection: it is not offered (docs/adr/0004-stream-server.md).
            request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            if not CURSOR.fullmatch(request.args.get("after", "0-0")):
                raise InvalidRequest("expected the cursor of an event, epoch-number", field="after")
            server.admit()

    Sock(app).route("/api/v1/stream")(server.serve)
    checks = [
        database_check(venue.health_database),
        redis_check(settings.redis_url.get_secret_value()),
        server.check(),
    ]
    app.register_blueprint(health_blueprint(PROCESS, checks))
    return app

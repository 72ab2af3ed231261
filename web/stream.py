"""websocket-server: /api/v1/stream, and the same as server-sent events. A process of its own, under gevent."""

from __future__ import annotations

from typing import Any, Final

import gevent
import structlog
from flask import Flask, Response, request
from flask_sock import Sock
from prometheus_client import REGISTRY, Gauge

from intendly.adapters.live import RedisFeed
from intendly.adapters.observability.health import Check, PartDown, database_check, redis_check
from intendly.bootstrap.web import StreamVenue
from intendly.domain.errors import InvalidRequest, StreamFull, Unavailable
from intendly.settings import Settings, load_settings
from web import headers, problems, stream_events, telemetry
from web.budgets import bids_of
from web.health import health_blueprint
from web.proxies import TrustedProxies
from web.stream_following import GOING_AWAY, Client
from web.stream_hub import Hub
from web.stream_places import Places, Sockets
from web.stream_query import after_in
from web.stream_session import Session
from web.stream_socket import StreamSocket

log = structlog.get_logger(__name__)

PROCESS: Final = "websocket-server"
PATH: Final = "/api/v1/stream"
MESSAGE_MAX_BYTES: Final = 131_072
PING_EVERY_S: Final = 20


class StreamServer:
    """The connections of one process."""

    def __init__(self, venue: StreamVenue) -> None:
        self._venue = venue
        self._most = venue.settings.ws_max_connections
        self.hub = Hub(venue.event_store, RedisFeed(venue.settings.redis_url.get_secret_value()))
        self.sockets = Sockets(venue.settings)
        self._quota = bids_of(venue.budgets, venue.settings)
        self._open: dict[Client, str] = {}
        self._places = Places(venue.settings.ws_max_per_address)
        self._is_leaving = False
        self._reader: gevent.Greenlet[[], None] | None = None
        self._active = Gauge("websocket_connections_active", "Open stream connections.", registry=REGISTRY)

    def start(self) -> None:
        """Begin to read events, once the process is the one that serves."""
        self._reader = gevent.spawn(self.hub.run)

    def serve(self, ws: Any) -> None:
        """One connection, from its hello to its end."""
        socket = StreamSocket(ws)
        self._came(socket)
        venue = self._venue
        session = Session(
            socket,
            self.hub,
            venue.event_store,
            venue.solver_keys,
            venue.place_bids,
            venue.deployment.domain,
            self._quota,
            venue.settings.ws_idle_s,
            after=after_in(request),
        )
        try:
            session.run()
        finally:
            self._went(socket)

    def listen(self) -> Response:
        """One that listens to server-sent events; it is counted until its response is closed."""
        listener = stream_events.Listener()
        response = stream_events.respond(listener, self.hub, self._venue.event_store)
        self._came(listener)
        response.call_on_close(lambda: self._went(listener))
        return response

    def _came(self, client: Client) -> None:
        self._open[client] = address = request.remote_addr or ""
        self._places.take(address)
        self._active.set(len(self._open))

    def _went(self, client: Client) -> None:
        self._places.leave(self._open.pop(client))
        self._active.set(len(self._open))

    def admit(self) -> None:
        """Raises `StreamFull` where one more connection would be too many, `Unavailable` at the server's two ends."""
        if self._is_leaving:
            raise Unavailable("this server goes down; try another one")
        if len(self._open) >= self._most:
            raise StreamFull(f"this server holds {self._most} connections (WS_MAX_CONNECTIONS); try another one")
        if not self._places.has_room(request.remote_addr or ""):
            raise StreamFull(f"your address holds {self._places.most} connections (WS_MAX_PER_ADDRESS); close one")
        if not self.hub.is_ready:
            raise Unavailable("this server has just started; try again in a moment")

    def go_away(self) -> None:
        """Tell every client that this server goes down, so that it resumes elsewhere."""
        self._is_leaving = True
        for client in list(self._open):
            client.end(GOING_AWAY, "the server goes down: resume behind your last cursor")

    def check(self) -> Check:
        """Ready once the events are read; without Redis it reads them from PostgreSQL, a little later."""

        def probe() -> dict[str, Any]:
            if not self.hub.is_ready:
                raise PartDown("the events are not read yet")
            counts = {"connections": len(self._open), "sockets": self.sockets.open}
            return {"cursor": self.hub.head.cursor, "live": self.hub.is_live, **counts}

        return Check("events", probe)


def create_app(settings: Settings | None = None) -> Flask:
    """The application of the process; `app.extensions["intendly.stream"]` is its `StreamServer`."""
    settings = settings or load_settings()
    venue = StreamVenue(settings, process="stream")
    server = StreamServer(venue)
    app = Flask("web", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": MESSAGE_MAX_BYTES, "ping_interval": PING_EVERY_S}
    app.extensions["intendly.stream"] = server
    telemetry.register(app)
    headers.register(app, settings.cors_origins)
    problems.register(app)

    @app.before_request
    def _admit() -> None:
        if request.path in (PATH, stream_events.PATH):
            # permessage-deflate triples the memory of a connection: it is not offered (docs/adr/0004-stream-server.md).
            request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            server.admit()
        if request.path == PATH:
            after_in(request)  # refused before it is a WebSocket
            if request.headers.get("Upgrade", "").lower() != "websocket":
                raise InvalidRequest(
                    f"expected a WebSocket; {stream_events.PATH} tells the same over HTTP", field="Upgrade"
                )

    Sock(app).route(PATH)(server.serve)
    app.get(stream_events.PATH)(server.listen)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.proxy_networks)  # type: ignore[method-assign]
    checks = [
        database_check(venue.health_database),
        redis_check(settings.redis_url.get_secret_value()),
        server.check(),
    ]
    app.register_blueprint(health_blueprint(PROCESS, checks))
    return app

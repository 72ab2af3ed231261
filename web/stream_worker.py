"""The stream's worker: it counts sockets as they come, whether or not they ever send a request."""

from __future__ import annotations

from typing import Any

from gunicorn import util

from web.slow_clients import PatientWorker


class StreamWorker(PatientWorker):
    """Closes at once what is beyond its address's share."""

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """One socket, to its end."""
        with self.wsgi.extensions["intendly.stream"].sockets.admitted(addr[0]) as may_stay:
            if may_stay:
                super().handle(listener, client, addr)
            else:
                util.close(client)

"""gunicorn for the floor of the API: the same worker class and count as the relayer's, and nothing of ours in it."""

# ruff: noqa: N999  the name is gunicorn's

from __future__ import annotations

import os

bind = f"127.0.0.1:{os.environ['BARE_PORT']}"
workers = int(os.environ["BARE_WORKERS"])
wsgi_app = "bench.bare_api:create_app()"
worker_class = "gevent"
worker_connections = 1_000
control_socket_disable = True
loglevel = "warning"

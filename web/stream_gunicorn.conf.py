"""gunicorn for websocket-server: `gunicorn -c web/stream_gunicorn.conf.py "web.stream:create_app()"`.

One gevent worker, since its connections share one reader of events; more of them are more processes.
"""

# ruff: noqa: N999  the name is gunicorn's

from __future__ import annotations

from typing import Any

from intendly.adapters import loading
from intendly.adapters.observability.logging import logging_config
from intendly.settings import load_settings
from web.gunicorn_base import *  # noqa: F403  gunicorn reads its settings here

loading.begin()
_settings = load_settings()

proc_name = "websocket-server"
wsgi_app = "web.stream:create_app()"
bind = f"{_settings.bind_host}:{_settings.websocket_port}"
worker_class = "web.stream_worker.StreamWorker"
workers = 1
worker_connections = _settings.ws_max_connections + 100
keepalive = _settings.request_timeout_s
graceful_timeout = 5
logconfig_dict = logging_config(proc_name, _settings.log_level, _settings.log_format)


def post_worker_init(worker: Any) -> None:
    """In the worker, after the monkey patch and the import of the application: read events; mind the end."""
    import gevent

    from intendly.adapters.db import gevent_wait
    from intendly.adapters.observability.logging import configure_logging

    gevent_wait.install()
    configure_logging(proc_name, _settings.log_level, _settings.log_format)
    loading.done()
    server = worker.wsgi.extensions["intendly.stream"]
    server.start()

    def mind_the_end() -> None:
        while worker.alive:
            gevent.sleep(0.1)
        server.go_away()

    gevent.spawn(mind_the_end)

"""What the configurations of both gunicorns, web/gunicorn.conf.py and web/stream_gunicorn.conf.py, take from here.

gunicorn reads a configuration's module by the names of its settings.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from intendly.adapters import loading

preload_app = False
timeout = 30
control_socket_disable = True
# What proxies say, web/proxies.py reads, and from TRUSTED_PROXIES alone; gunicorn by itself would believe loopback.
forwarded_allow_ips = ""
forwarder_headers = ""


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  the name is gunicorn's
    """Without a second line for each request: web/telemetry.py writes one, with its ids."""

    def access(self, *_args: Any) -> None:
        """Nothing."""


def when_ready(_server: Any) -> None:
    """The master has begun."""
    loading.done()


def post_fork(_server: Any, _worker: Any) -> None:
    """In each worker, before the application is imported. Its `post_worker_init` says when all is loaded."""
    loading.begin()

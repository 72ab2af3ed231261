"""gunicorn for backend-relayer: `gunicorn -c web/gunicorn.conf.py "web.app:create_app()"`.

gevent workers, since requests mostly wait for their commit, and the rows of those that wait together are committed
together (intendly/adapters/group.py). gunicorn's worker makes the monkey patch after the fork and before it
imports the application, so `preload_app` stays off.
"""

# ruff: noqa: N999  the name is gunicorn's

from __future__ import annotations

import os
import shutil
from typing import Any

from intendly.adapters import loading
from intendly.adapters.asking import say_if_private_is_allowed
from intendly.adapters.observability.logging import configure_logging, logging_config
from intendly.settings import load_settings
from web.gunicorn_base import *  # noqa: F403  gunicorn reads its settings here

loading.begin()
_settings = load_settings()
_LINES_HELD_S = 0.1

proc_name = "backend-relayer"
wsgi_app = "web.app:create_app()"
bind = f"{_settings.bind_host}:{_settings.relayer_port}"
worker_class = "web.slow_clients.PatientWorker"
workers = _settings.web_workers
worker_connections = 1_000
keepalive = _settings.request_timeout_s
graceful_timeout = 10
logconfig_dict = logging_config(proc_name, _settings.log_level, _settings.log_format)


def on_starting(_server: Any) -> None:
    """Once, before the first fork: the folder through which the workers add up their metrics, emptied.

    And a word on a setting for development, since quotes are asked of solvers here.
    """
    folder = _settings.data_dir / "metrics" / f"{proc_name}-{_settings.relayer_port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.resolve())
    configure_logging(proc_name, _settings.log_level, _settings.log_format)
    say_if_private_is_allowed(_settings.solver_allow_private)


def post_worker_init(_worker: Any) -> None:
    """In each worker, after the monkey patch and the import of the application, before its first connection."""
    from intendly.adapters.db import gevent_wait

    gevent_wait.install()
    configure_logging(proc_name, _settings.log_level, _settings.log_format, held_s=_LINES_HELD_S)
    loading.done()


def child_exit(_server: Any, worker: Any) -> None:
    """Fold a dead worker's figures into the sum."""
    from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

    GunicornInternalPrometheusMetrics.mark_process_dead_on_child_exit(worker.pid)

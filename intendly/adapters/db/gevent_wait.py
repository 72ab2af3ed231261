"""psycopg2 under gevent: while PostgreSQL thinks, the other greenlets run."""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2 import extensions


def install() -> None:
    """Make every psycopg2 connection of this process wait by gevent. Call it after the monkey patch, before the first
    connection. It is process-wide, and must not be called where gevent does not run the process.
    """
    from gevent.socket import wait_read, wait_write

    def wait(connection: Any, _timeout: float | None = None) -> None:
        while True:
            match connection.poll():
                case extensions.POLL_OK:
                    return
                case extensions.POLL_READ:
                    wait_read(connection.fileno())
                case extensions.POLL_WRITE:
                    wait_write(connection.fileno())
                case state:
                    raise psycopg2.OperationalError(f"psycopg2 is in the unexpected state {state}")

    extensions.set_wait_callback(wait)

"""A solver that waits for the venue is alive and not ready."""

from __future__ import annotations

import threading

import httpx

from intendly.adapters.embedded.ports import free_port
from solvers.health import with_health


class Waits:
    """A runner that runs until it is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def run(self) -> None:
        self._stopped.wait(30)

    def stop(self) -> None:
        self._stopped.set()


def test_it_is_alive_before_it_is_ready() -> None:
    connected, port = threading.Event(), free_port()
    solver = with_health(Waits(), connected.is_set, "127.0.0.1", port)
    thread = threading.Thread(target=solver.run)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert [http.get(path).status_code for path in ("/health", "/health/live", "/else")] == [503, 200, 404]
            connected.set()
            assert http.get("/health").status_code == 200
    finally:
        solver.stop()
        thread.join()

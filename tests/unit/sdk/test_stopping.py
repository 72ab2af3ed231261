"""Programs end cleanly on Ctrl-C and SIGTERM, and say in one line that a port is taken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from intendly_sdk.errors import IntendlyError, ListenError
from intendly_sdk.http_solver import HttpSolver
from intendly_sdk.stopping import stopped_by_signals

from tests.unit.sdk.fixed_solver import FixedSolver
from tests.unit.sdk.test_solver_backlog import log_in
from tests.unit.sdk.venue import Peer, stream_venue

_BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
_SOLVER = "from tests.unit.sdk.fixed_solver import FixedSolver\nsolver = FixedSolver(None)\n"
_OVER_HTTP = f"""
{_SOLVER}
from intendly_sdk.http_solver import HttpSolver
import http.client, threading
runner = HttpSolver(solver)
def say_that_it_answers():
    asked = http.client.HTTPConnection("127.0.0.1", runner.port)
    asked.request("GET", "/health")
    asked.getresponse().read()
    print(runner.port, flush=True)
threading.Thread(target=say_that_it_answers).start()
runner.run()
print("ended")
"""
_OVER_STREAM = f"""
{_SOLVER}
import sys
from intendly_sdk.stream_solver import StreamSolver
print("started", flush=True)
StreamSolver(solver, stream_url=sys.argv[1]).run()
print("ended")
"""
_LISTENS = """
import sys
from intendly_sdk.stopping import stopped_by_signals
from intendly_sdk.stream import StreamClient
with StreamClient(sys.argv[1]) as stream, stopped_by_signals(stream.stop):
    stream.subscribe(auctions=True)
    print("started", flush=True)
    for event in stream.events():
        pass
print("ended")
"""


def _stopped(program: str, number: int, *arguments: str, once: threading.Event | None = None) -> None:
    """Run it, send the signal once it has begun, and see that it came to its end and said nothing else."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        if once is not None:
            assert once.wait(20)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "ended\n", "")


@_BOTH
def test_a_solver_over_http_ends(number: int) -> None:
    _stopped(_OVER_HTTP, number)


@_BOTH
@pytest.mark.parametrize("is_solver", [True, False])
def test_a_solver_on_the_stream_and_one_who_listens_end(number: int, is_solver: bool) -> None:
    begun = threading.Event()

    def script(peer: Peer) -> None:
        if is_solver:
            log_in(peer)
        else:
            peer.hello()
            peer.accept(peer.hear())
        begun.set()
        peer.wait_closed()

    with stream_venue(script) as url:
        _stopped(_OVER_STREAM if is_solver else _LISTENS, number, url, once=begun)


def test_the_second_signal_is_as_without_it_and_a_programs_own_handler_stays() -> None:
    calls: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, lambda *_: calls.append("own"))
        with stopped_by_signals(lambda: calls.append("stop")):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        assert calls == ["own", "stop"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_signals_are_left_alone() -> None:
    def use() -> None:
        with stopped_by_signals(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    seen: list[object] = []
    thread = threading.Thread(target=use)
    thread.start()
    thread.join(10)
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ListenError, match=f"^127.0.0.1:{port}: .*in use; expected .* a port that is free$"
        ) as refused:
            HttpSolver(FixedSolver(None), port=port)
        assert isinstance(refused.value, OSError)
        assert isinstance(refused.value, IntendlyError)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 0)])
def test_an_address_that_is_not_this_machines_is_named(host: str, port: int) -> None:
    with pytest.raises(ListenError, match=f"^{host}:{port}: [A-Za-z ]+; expected an address of this machine"):
        HttpSolver(FixedSolver(None), host=host, port=port)

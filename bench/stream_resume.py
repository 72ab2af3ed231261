"""A reconnect storm: clients that come back all at once, each some way behind."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Final

from bench.bare_stream import bare_server
from bench.crowd import Crowd, crowd
from bench.events import STREAM_SERVER, SUBSCRIBE, events_of, frames_of
from bench.ground import running
from bench.rows import Reading, Rounds, Run, Spec, subject, value_at_most
from bench.statements import statements_of

_APPLICATION: Final = "intendly stream"


@subject(
    Spec(
        "stream.resume.time",
        "1,000 clients connect at once and resume, each 100 events behind: until all have everything",
        "ms",
        "as many connect to a gevent process that writes each the same bytes at once",
    ),
    Spec(
        "stream.resume.statements",
        "SQL statements that the server runs for it, those of its idle life included",
        "statements",
        aim=value_at_most(100),
    ),
)
def stream_resume(run: Run) -> Rounds:
    count, behind = run.size(1_000, 20), run.size(100, 10)
    with ExitStack() as stack:
        settings = run.ground.site()
        events = stack.enter_context(events_of(settings))
        stack.enter_context(running(settings, STREAM_SERVER))
        bare, clients = stack.enter_context(bare_server()), stack.enter_context(crowd())
        while True:
            after = events.store.head().cursor
            missed = events.number(behind)
            events.live.push(missed)
            bare.greet_with(frames_of(missed))
            floor_ms = _storm(clients, count, behind, bare.port)
            with statements_of(run.ground.postgres, run.ground.folder / "logs" / "postgres.log", _APPLICATION) as ran:
                took_ms = _storm(clients, count, behind, settings.websocket_port, after)
                statements = ran()
            yield {
                "stream.resume.time": Reading(took_ms, floor_ms),
                "stream.resume.statements": Reading(statements),
            }


def _storm(clients: Crowd, count: int, behind: int, port: int, after: str = "") -> float:
    """Milliseconds from the first connection to the last event of the last client."""
    began = time.monotonic()
    clients.open(count, port, SUBSCRIBE, after)
    took = max(clients.frames(behind)) - began
    clients.close()
    return took * 1_000

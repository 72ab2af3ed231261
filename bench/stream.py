"""The stream: what a connection costs, and how fast an event reaches everyone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from bench import memory
from bench.bare_stream import bare_server
from bench.child import memory_kib
from bench.crowd import crowd
from bench.events import STREAM_SERVER, SUBSCRIBE, events_of, frames_of, told, told_bare
from bench.ground import running
from bench.nginx import nginx
from bench.rows import Reading, Readings, Rounds, Run, Spec, percentile, ratio_at_most, subject
from intendly.adapters.embedded.ports import free_port

EVENTS_A_ROUND: Final = 20
_BARE_WRITE: Final = "a gevent process that writes as many bytes to as many sockets"


@subject(
    Spec("stream.memory", "memory of a connection, of 2,000 in one process", "KiB", f"the same of {_BARE_WRITE}"),
    memory.spec(STREAM_SERVER, "crowd", "with 2,000 connections"),
    Spec("stream.fan_out.p50", "an event told to 2,000 connections of one process", "ms", _BARE_WRITE),
    Spec("stream.fan_out.p99", "the same, 99th percentile", "ms", _BARE_WRITE, ratio_at_most(3)),
)
def stream_in_one_process(run: Run) -> Rounds:
    """Each round has fresh processes: memory that was used once does not go back."""
    count = run.size(2_000, 20)
    while True:
        with ExitStack() as stack:
            clients = stack.enter_context(crowd())
            with bare_server() as bare:
                empty_kib = memory_kib(bare.pid)
                clients.open(count, bare.port, SUBSCRIBE)
                bare_kib = (memory_kib(bare.pid) - empty_kib) / count
                settings = run.ground.site()
                events = stack.enter_context(events_of(settings))
                data = frames_of(events.number())
                floors = [told_bare([bare], clients, data) for _ in range(run.size(EVENTS_A_ROUND, 2))]
                clients.close()
            supervisor = stack.enter_context(running(settings, STREAM_SERVER))
            empty_kib = memory_kib(supervisor.pid(STREAM_SERVER))
            clients.open(count, settings.websocket_port, SUBSCRIBE)
            kib = (memory_kib(supervisor.pid(STREAM_SERVER)) - empty_kib) / count
            tolds = [told(events, clients) for _ in range(run.size(EVENTS_A_ROUND, 2))]
            crowded = Reading(memory.largest_mib(supervisor.pid(STREAM_SERVER)))
            clients.close()
            yield {
                "stream.memory": Reading(kib, bare_kib),
                "memory.websocket-server.crowd": crowded,
                **_fan_out("stream.fan_out", tolds, floors),
            }


@subject(
    Spec(
        "stream.fan_out_nginx.p50",
        "an event told to 5,000 connections, of two processes behind nginx",
        "ms",
        "two such bare processes behind nginx",
    ),
    Spec("stream.fan_out_nginx.p99", "the same, 99th percentile", "ms", "two such bare processes behind nginx"),
)
def stream_behind_nginx(run: Run) -> Rounds:
    count = run.size(5_000, 40)
    with ExitStack() as stack:
        settings = run.ground.site(TRUSTED_PROXIES="127.0.0.1/32")
        events = stack.enter_context(events_of(settings))
        data = frames_of(events.number())  # before a server is there that would tell of it
        bares = [stack.enter_context(bare_server()) for _ in range(2)]
        folder = settings.data_dir
        bare_port = stack.enter_context(nginx(folder / "nginx-bare", [bare.port for bare in bares]))
        both = [settings, settings.model_copy(update={"websocket_port": free_port()})]
        for one in both:
            stack.enter_context(running(one, STREAM_SERVER))
        port = stack.enter_context(nginx(folder / "nginx", [one.websocket_port for one in both]))
        at_bare, clients = stack.enter_context(crowd()), stack.enter_context(crowd())
        at_bare.open(count, bare_port, SUBSCRIBE)
        clients.open(count, port, SUBSCRIBE)
        while True:
            floors, tolds = [], []
            for _ in range(run.size(EVENTS_A_ROUND, 2)):
                floors.append(told_bare(bares, at_bare, data))
                tolds.append(told(events, clients))
            yield _fan_out("stream.fan_out_nginx", tolds, floors)


def _fan_out(name: str, tolds: Sequence[Sequence[float]], floors: Sequence[Sequence[float]]) -> Readings:
    told_all, floor_all = ([ms for one in each for ms in one] for each in (tolds, floors))
    return {
        f"{name}.p{percent}": Reading(percentile(told_all, percent), percentile(floor_all, percent))
        for percent in (50, 99)
    }

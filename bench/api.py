"""The API under load: what it accepts a second, beside a bare Flask endpoint, a bare INSERT, a bare recovery."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import coincurve
import httpx
import psutil
from intendly_sdk.messages import SignedIntent

from bench import trade
from bench.child import BenchError, ask, running_module
from bench.ground import running
from bench.rows import Reading, Rounds, Run, Spec, ratio_at_least, subject
from cli.processes import ROOT
from intendly.adapters.embedded.ports import free_port
from intendly.settings import Settings

RELAYER: Final = "backend-relayer"
CONNECTIONS: Final = 32
_BARE: Final = "a bare Flask endpoint that parses the same JSON, by as many of the same workers"
_WIDE: Final = "1000000/second"
_LIMITS: Final = [name.upper() for name in Settings.model_fields if name.startswith("limit_")]
_PATIENCE_S: Final = 20.0
_BARE_CPU: Final = "that of the bare endpoint's server"


def _processor_row(of: str) -> Spec:
    return Spec(f"{of}.processor", "processor time of the relayer for each of these", "µs", _BARE_CPU)


@subject(
    Spec("api.intents", "POST /intents accepted a second", "1/s", _BARE, ratio_at_least(0.60), "more"),
    Spec(
        "api.intents_committed",
        "the same",
        "1/s",
        "an INSERT and COMMIT of the same row each, on as many connections",
        ratio_at_least(0.50),
        "more",
    ),
    _processor_row("api.intents"),
    Spec("api.find", "GET /intents/{hash} a second", "1/s", _BARE, ratio_at_least(0.70), "more"),
    _processor_row("api.find"),
    Spec(
        "api.batch",
        "intents accepted a second by POST /intents/batch of 100",
        "1/s",
        "recovering as many signatures in one process",
        ratio_at_least(0.30),
        "more",
    ),
)
def api_intents(run: Run) -> Rounds:
    count = run.size(3_000, 40)
    with _venue(run) as (venue, bare, load):
        while True:
            intents = [trade.signed_intent() for _ in range(count)]
            bodies = [one.model_dump_json() for one in intents]
            accepted = load.rate(venue.relayer_port, [trade.post("/api/v1/intents", body) for body in bodies], "202")
            parsed = load.rate(bare, [trade.post("/bare", body) for body in bodies], "202")
            inserted = count / ask(load.inserts, _insert(venue, count))["seconds"]
            hashes = [str(one.intent.hash) for one in intents]
            found = load.rate(venue.relayer_port, [trade.get(f"/api/v1/intents/{one}") for one in hashes], "200")
            answered = load.rate(bare, [trade.get(f"/bare/{one}") for one in hashes], "200")
            batches = [[trade.signed_intent() for _ in range(run.size(100, 4))] for _ in range(run.size(60, 4))]
            requests = [trade.post("/api/v1/intents/batch", trade.batch(one)) for one in batches]
            before = trade.stored_intents(venue)
            batched = load.rate(venue.relayer_port, requests, "200", connections=4).per_s * len(batches[0])
            if (stored := trade.stored_intents(venue) - before) != sum(map(len, batches)):
                raise BenchError(f"of {sum(map(len, batches))} intents in batches, {stored} were accepted")
            yield {
                "api.intents": Reading(accepted.per_s, parsed.per_s),
                "api.intents_committed": Reading(accepted.per_s, inserted),
                "api.intents.processor": Reading(accepted.processor_us, parsed.processor_us),
                "api.find": Reading(found.per_s, answered.per_s),
                "api.find.processor": Reading(found.processor_us, answered.processor_us),
                "api.batch": Reading(batched, _recoveries(list(itertools.chain(*batches)))),
            }


@subject(
    Spec("api.bids", "POST /bids accepted a second", "1/s", _BARE, ratio_at_least(0.60), "more"),
    _processor_row("api.bids"),
)
def api_bids(run: Run) -> Rounds:
    """Every round each solver bids anew in each auction, better than before."""
    with _venue(run) as (venue, bare, load):
        intents = [trade.signed_intent() for _ in range(run.size(100, 4))]
        requests = [trade.post("/api/v1/intents", one.model_dump_json()) for one in intents]
        load.rate(venue.relayer_port, requests, "202")
        auctions = trade.open_auctions(venue, [one.intent.hash for one in intents], solvers=run.size(20, 2))
        for amount in itertools.count(3_010 * 10**6):
            bodies = [one.model_dump_json() for one in auctions.bids(amount)]
            placed = load.rate(venue.relayer_port, [trade.post("/api/v1/bids", body) for body in bodies], "202")
            parsed = load.rate(bare, [trade.post("/bare", body) for body in bodies], "202")
            yield {
                "api.bids": Reading(placed.per_s, parsed.per_s),
                "api.bids.processor": Reading(placed.processor_us, parsed.processor_us),
            }


class Answered(NamedTuple):
    """Requests a second, and what each took of its server's processor time, all its processes together."""

    per_s: float
    processor_us: float


class Load:
    """The clients' process, and the one that inserts."""

    def __init__(self, process: subprocess.Popen[str], inserts: subprocess.Popen[str], folder: Path) -> None:
        self.inserts = inserts
        self._process = process
        self._file = folder / "requests"

    def rate(self, port: int, requests: Sequence[bytes], status: str, connections: int = CONNECTIONS) -> Answered:
        """How these were answered, each with `status`. Raises `BenchError` where one was answered otherwise."""
        self._file.write_bytes(b"".join(requests))
        asked = {
            "port": port,
            "requests": str(self._file),
            "sizes": [len(one) for one in requests],
            "connections": connections,
        }
        before = _processor_s(port)
        answer = ask(self._process, asked)
        processor_s = _processor_s(port) - before
        if answer["statuses"] != {status: len(requests)}:
            raise BenchError(f"of {len(requests)} requests, expected {status}: {answer['statuses']}")
        return Answered(len(requests) / float(answer["seconds"]), processor_s / len(requests) * 1e6)


def _processor_s(port: int) -> float:
    """What the processes that listen on `port` have used so far: a server and its workers."""
    times = [each.cpu_times() for each in psutil.Process().children(recursive=True) if _listens(each, port)]
    return sum(each.user + each.system for each in times)


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.NoSuchProcess:  # PostgreSQL's come and go
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)


@contextmanager
def _venue(run: Run) -> Iterator[tuple[Settings, int, Load]]:
    """A relayer with budgets that nobody uses up, the port of the bare endpoint, and clients."""
    settings = run.ground.site(**dict.fromkeys(_LIMITS, _WIDE))
    trade.seed(settings)
    with ExitStack() as stack:
        stack.enter_context(running(settings, RELAYER))
        bare = stack.enter_context(_bare_api(settings.web_workers))
        clients = stack.enter_context(running_module("bench.http_load"))
        inserts = stack.enter_context(running_module("bench.bare_insert"))
        yield settings, bare, Load(clients, inserts, settings.data_dir)


@contextmanager
def _bare_api(workers: int) -> Iterator[int]:
    """The floor's server, ready; its port."""
    port = free_port()
    environment = os.environ | {"BARE_PORT": str(port), "BARE_WORKERS": str(workers)}
    command = [sys.executable, "-m", "gunicorn", "-c", "bench/bare_gunicorn.conf.py"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/bare/x")
            yield port
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > ends:
                raise BenchError(f"{url} does not answer") from None
            time.sleep(0.05)
        else:
            return


def _insert(settings: Settings, rows: int) -> dict[str, object]:
    return {"url": settings.database_url.get_secret_value(), "rows": rows, "connections": CONNECTIONS}


def _recoveries(intents: Sequence[SignedIntent]) -> float:
    """Signatures a second that libsecp256k1 recovers the keys of."""
    signed = [(bytes(one.intent.hash), _recoverable(bytes(one.signature))) for one in intents]
    began = time.perf_counter()
    for digest, signature in signed:
        coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    return len(signed) / (time.perf_counter() - began)


def _recoverable(signature: bytes) -> bytes:
    return signature[:64] + bytes((signature[64] - 27,))

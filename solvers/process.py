"""What both solver processes do around their work: logs, keys, waiting for the venue, a clean stop."""

from __future__ import annotations

import logging
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol, TypeVar

from intendly_sdk.backoff import delays
from intendly_sdk.client import VenueClient
from intendly_sdk.errors import IntendlyError, ListenError
from intendly_sdk.messages import ConfigView
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from solvers.chain_calls import ChainCalls, ChainError
from solvers.enrolment import Enrolment, EnrolmentError
from solvers.markets import Markets, load_markets
from solvers.settings import SettingsError, SolverSettings

log = logging.getLogger("solvers")
Got = TypeVar("Got")


class Runner(Protocol):
    """What runs until it is stopped."""

    def run(self) -> None:
        """Blocks."""

    def stop(self) -> None:
        """Makes `run` return soon."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a solver stands on once it has started."""

    signer: Signer
    config: ConfigView
    markets: Markets
    calls: ChainCalls
    enrolment: Enrolment


def main(start: Callable[[], Runner]) -> None:
    """Start, run until SIGTERM or SIGINT, exit with 0; with 2 and one line when it can't start."""
    try:
        runner = start()
    except ListenError as error:
        _refuse(f"LISTEN_HOST, LISTEN_PORT: {error}")
    except (SettingsError, EnrolmentError, IntendlyError, ChainError, OSError) as error:
        _refuse(f"{type(error).__name__}: {error}")

    def stop(number: int, _: FrameType | None) -> None:
        log.info("process.stopping signal=%s", signal.Signals(number).name)
        runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.run()
    log.info("process.stopped")


def _refuse(line: str) -> NoReturn:
    sys.stderr.write(" ".join(line.split()) + "\n")
    sys.exit(2)


def stand(settings: SolverSettings) -> Ground:
    """Read keys and markets, wait for the venue and the chain. Raises what `main` catches."""
    _log_to_stderr(settings.log_level)
    log.info("process.starting pid=%d venue=%s", os.getpid(), settings.intendly_api_url)
    key = read_key(settings.solver_key_file)
    markets = load_markets(settings.markets_file)
    rpc_url = settings.rpc_url.get_secret_value()
    config = _wait(lambda: _config(settings.intendly_api_url), settings.start_timeout_s, "venue")
    calls = ChainCalls(rpc_url, markets.multicall3)
    enrolment = _wait(
        lambda: Enrolment(rpc_url, key, config, calls, settings.contracts_out, settings.solver_data_dir),
        settings.start_timeout_s,
        "chain",
    )
    return Ground(Signer(key), config, markets, calls, enrolment)


def wait_known(ground: Ground, settings: SolverSettings) -> None:
    """Return once the venue has indexed that this solver is registered: its stream lets in nobody else.

    After START_TIMEOUT_S it returns all the same, since the stream is tried again and again.
    """
    with suppress(IntendlyError):
        own = ground.signer.address
        _wait(lambda: _registered(settings.intendly_api_url, own), settings.start_timeout_s, "registration")


def _registered(api_url: str, solver: Address) -> None:
    with VenueClient(api_url) as client:
        known = client.solver(solver)
    if not known.active or known.signing_key != solver:
        raise IntendlyError("the venue has not indexed it yet")


def read_key(path: Path) -> str:
    """64 hex digits from a file. Raises `SettingsError`, which never holds the key."""
    try:
        text = path.read_text().strip()
        if path.stat().st_mode & stat.S_IROTH:
            log.warning("key.readable_by_others file=%s", path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "expected 64 hex digits"
        raise SettingsError(f"SOLVER_KEY_FILE: {reason}: {path}") from None
    try:
        Signer(text)
    except ValueError:
        raise SettingsError(f"SOLVER_KEY_FILE: expected 64 hex digits: {path}") from None
    return text


def _config(api_url: str) -> ConfigView:
    with VenueClient(api_url) as client:
        return client.config()


def _wait(attempt: Callable[[], Got], seconds: int, what: str) -> Got:
    ends = time.monotonic() + seconds
    for wait in delays(first=0.2, cap=2.0):
        try:
            return attempt()
        except (IntendlyError, ChainError, OSError) as error:
            if time.monotonic() >= ends:
                raise
            log.info("process.waiting for=%s reason=%s", what, type(error).__name__)
            time.sleep(wait)
    raise AssertionError("delays never end")


class _OneLine(logging.Formatter):
    """Every record on a line of its own, a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " | ")


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their lines name the endpoint that they ask.
    for noisy in ("httpx", "httpcore", "websockets", "web3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

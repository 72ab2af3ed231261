"""Which processes the venue consists of: the one table of commands, environments and health addresses.

Each is given exactly what it needs: the keys of awards and settlements go to the coordinator alone, that of receipts to
the relayer, a solver gets public addresses and its own key, and nothing else of our environment is handed on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.keeper import ProcessSpec
from intendly.adapters.embedded.ports import claimed_port
from intendly.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SOLVERS = ("pool_router", "market_maker")

_KEYS = {"auctioneer_key_file", "submitter_key_file"}
_OPERATORS = {"pauser_key_file"}  # for commands, not for processes
_RECEIPT_KEY = {"receipt_key_file"}
_FLOWER = {"flower_user", "flower_password"}
_GROUPS = ("auctions", "solvers", "settlements")
_SIGNING_GROUPS = ("auctions", "settlements")
# What any program needs of its surroundings, and nothing of which is ours or secret.
_SURROUNDINGS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


def venue_processes(settings: Settings) -> list[ProcessSpec]:
    """The processes that make the venue, in the order of their starting. Their ports are those of `settings`."""
    host = settings.bind_host
    common = _environment(settings, without=_KEYS | _RECEIPT_KEY | _FLOWER)
    signing = _environment(settings, without=_RECEIPT_KEY | _FLOWER)

    def at(port: int, path: str) -> str:
        return f"http://{host}:{port}{path}"

    def spec(name: str, argv: tuple[str, ...], env: dict[str, str], port: int, rank: int) -> ProcessSpec:
        return ProcessSpec(name, argv, env, at(port, "/health/ready"), at(port, "/health/live"), stop_rank=rank)

    specs = []
    for place, group in enumerate(_GROUPS):
        port = settings.coordinator_port if place == 0 else claimed_port(settings.coordinator_port + 10 + place, host)
        argv = _python("-m", "workers.coordinator", group, "--health-port", str(port))
        specs.append(
            spec(f"backend-coordinator/{group}", argv, signing if group in _SIGNING_GROUPS else common, port, 1)
        )
    beat_port = claimed_port(settings.coordinator_port + 10 + len(_GROUPS), host)
    return [
        *specs,
        spec(
            "backend-relayer",
            _python("-m", "gunicorn", "-c", "web/gunicorn.conf.py", "web.app:create_app()"),
            _environment(settings, without=_KEYS | _FLOWER),
            settings.relayer_port,
            2,
        ),
        spec("websocket-server", _python("-m", "workers.stream"), common, settings.websocket_port, 2),
        spec("beat", _python("-m", "workers.beat", "--health-port", str(beat_port)), common, beat_port, 3),
        ProcessSpec(
            "flower",
            _python("-m", "workers.flower"),
            _environment(settings, without=_KEYS | _RECEIPT_KEY),
            at(settings.flower_port, "/healthcheck"),
            at(settings.flower_port, "/healthcheck"),
            stop_rank=3,
        ),
    ]


def solver_names(count: int) -> tuple[str, ...]:
    """The two reference solvers; beyond them others of the same two kinds, by turns, numbered from 3 on."""
    return tuple(SOLVERS[place % 2] + ("" if place < 2 else f"-{place + 1}") for place in range(count))


def solver_processes(
    settings: Settings, *, count: int = len(SOLVERS), margin_bps: int | None = None
) -> list[ProcessSpec]:
    """As many solvers, as outsiders would run them. Their keys are `solver_key_path`.

    `margin_bps` is what all keep for themselves, in the place of their own defaults.
    """
    margins = {} if margin_bps is None else {"MARGIN_BPS": str(margin_bps), "SPREAD_BPS": str(margin_bps)}
    specs = []
    for place, name in enumerate(solver_names(count)):
        port = claimed_port(3_011 + place, settings.bind_host)
        env = _surroundings() | {
            "INTENDLY_API_URL": settings.api_url,
            "RPC_URL": settings.rpc_urls[0].get_secret_value(),
            "SOLVER_KEY_FILE": str(solver_key_path(settings, name)),
            "SOLVER_DATA_DIR": str(solver_key_path(settings, name).parent),
            "MARKETS_FILE": str(settings.markets_path.absolute()),
            "CONTRACTS_OUT": str(ROOT / "contracts" / "out"),
            "LISTEN_HOST": settings.bind_host,
            "LISTEN_PORT": str(port),
            "LOG_LEVEL": settings.log_level,
            **margins,
        }
        health = f"http://{settings.bind_host}:{port}/health"
        argv = _python("-m", f"solvers.{name.partition('-')[0]}")
        specs.append(ProcessSpec(f"solver/{name}", argv, env, health, f"{health}/live", stop_rank=4))
    return specs


def solver_key_path(settings: Settings, name: str) -> Path:
    """Where the key of a reference solver that we run lies."""
    return settings.data_dir.absolute() / "solvers" / name / "solver.key"


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def _surroundings() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _SURROUNDINGS if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _environment(settings: Settings, *, without: set[str]) -> dict[str, str]:
    """The settings that are not defaults, as variables; paths absolute."""
    given: Mapping[str, object] = settings.model_dump(include=settings.model_fields_set - without - _OPERATORS)
    env = {name.upper(): _text(getattr(settings, name)) for name in given}
    return _surroundings() | env | {"DATA_DIR": str(settings.data_dir.absolute())}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(_text(part) for part in value)
    if isinstance(value, Path):
        return str(value.absolute())
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)

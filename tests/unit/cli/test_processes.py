"""Each process is given what it needs and no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.processes import solver_processes, venue_processes
from intendly.adapters.embedded.ports import release_claims
from intendly.settings import Settings, load_settings

SECRETS = ("dbsecret", "cachesecret", "flowersecret")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "notours")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # set for each, whatever ours is
    yield load_settings(
        {
            "DATABASE_URL": "postgresql://u:dbsecret@db/x",
            "REDIS_URL": "redis://:cachesecret@cache/0",
            "RPC_URLS": "http://one,http://two",
            "FLOWER_PASSWORD": "flowersecret",
            "AUCTIONEER_KEY_FILE": "/keys/auctioneer",
            "SUBMITTER_KEY_FILE": "/keys/submitter",
            "PAUSER_KEY_FILE": "/keys/pauser",
            "DATA_DIR": str(tmp_path),
            "AUCTION_WINDOW_MS": "1500",
        }
    )
    release_claims()


def test_a_hang_of_each_is_seen_and_that_is_never_its_readiness(settings: Settings) -> None:
    for spec in venue_processes(settings) + solver_processes(settings):
        assert spec.live_url
        assert spec.live_url.endswith("/healthcheck" if spec.name == "flower" else "/health/live")


def test_no_secret_is_in_an_argument(settings: Settings) -> None:
    for spec in venue_processes(settings) + solver_processes(settings):
        assert not [secret for secret in SECRETS if secret in " ".join(spec.argv)]
        assert not [secret for secret in SECRETS if secret in repr(spec)]


def test_only_the_coordinator_that_signs_knows_where_the_keys_are(settings: Settings) -> None:
    told = {
        spec.name
        for spec in venue_processes(settings)
        if {"AUCTIONEER_KEY_FILE", "SUBMITTER_KEY_FILE"} & spec.env.keys()
    }
    assert told == {"backend-coordinator/auctions", "backend-coordinator/settlements"}
    assert not [spec.name for spec in venue_processes(settings) if "PAUSER_KEY_FILE" in spec.env]


def test_only_flower_knows_its_password(settings: Settings) -> None:
    told = [spec.name for spec in venue_processes(settings) if "flowersecret" in " ".join(spec.env.values())]
    assert told == ["flower"]


def test_a_solver_gets_public_addresses_and_its_own_key(settings: Settings) -> None:
    for spec in solver_processes(settings):
        known = " ".join(spec.env.values())
        assert not [secret for secret in SECRETS if secret in known]
        assert not {"DATABASE_URL", "REDIS_URL", "RPC_URLS", "DATA_DIR"} & spec.env.keys()
        assert spec.env["RPC_URL"] == "http://one"
        others = {each for each in ("pool_router", "market_maker") if each not in spec.name}
        assert not [name for name in others if name in known]


def test_further_solvers_are_of_the_same_two_kinds_with_a_key_and_a_port_each(settings: Settings) -> None:
    specs = solver_processes(settings, count=5)
    assert [spec.name.partition("/")[2] for spec in specs] == [
        "pool_router",
        "market_maker",
        "pool_router-3",
        "market_maker-4",
        "pool_router-5",
    ]
    assert {spec.argv[-1] for spec in specs} == {"solvers.pool_router", "solvers.market_maker"}
    for name in ("SOLVER_KEY_FILE", "SOLVER_DATA_DIR", "LISTEN_PORT"):
        assert len({spec.env[name] for spec in specs}) == 5
    release_claims()


def test_nothing_else_of_our_environment_is_handed_on(settings: Settings) -> None:
    surroundings = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    for spec in venue_processes(settings) + solver_processes(settings):
        inherited = {name for name, value in spec.env.items() if os.environ.get(name) == value}
        assert inherited <= surroundings


def test_what_was_set_reaches_the_processes_as_it_was_meant(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    relayer = next(spec for spec in venue_processes(settings) if spec.name == "backend-relayer")
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in relayer.env.items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    same = {"database_url", "redis_url", "rpc_urls", "data_dir", "auction_window_ms", "chain_id", "relayer_port"}
    assert again.model_dump(include=same) == settings.model_dump(include=same)

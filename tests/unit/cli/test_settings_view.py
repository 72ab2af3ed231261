"""`intendly settings` shows where each value comes from, no secret, and names a mistake in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.program import app
from intendly.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[3]
RUN = {
    "DATABASE_URL": "postgresql://u:dbsecret@db/x",
    "REDIS_URL": "redis://:cachesecret@cache/0",
    "RPC_URLS": "http://one,https://rpc.example/v3/rpcsecret,https://u:rpcsecret@two,https://three?key=rpcsecret",
    "FLOWER_PASSWORD": "flowersecret",
    "CORS_ORIGINS": "https://app.example,https://other.example",
}
APP = "https://app.example"
RATE = "expected a number of requests and a period, as 10/minute or 100/15minutes"
ORIGINS = f"expected * or origins without a path, separated by commas, as {APP}"
NETWORKS = "expected networks separated by commas, as 10.0.0.0/8,2001:db8::/32"
INTEGRATORS = "expected sha256:HASH=FACTOR or NETWORK=FACTOR, separated by commas, FACTOR from 1 to 9999"


def test_every_setting_is_shown_and_no_secret() -> None:
    done = CliRunner().invoke(app, ["settings"], env=RUN)
    assert done.exit_code == 0
    assert "secret" not in done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines()}
    assert rows["DATABASE_URL"][:2] == ["environment", "postgresql://u:***@db/x"]
    shown = "http://one,https://rpc.example/***,https://two,https://three/***"
    assert rows["RPC_URLS"][:2] == ["environment", shown]
    assert rows["FLOWER_PASSWORD"][:2] == ["environment", "***"]
    assert rows["CORS_ORIGINS"][:2] == ["environment", "https://app.example,https://other.example"]
    assert rows["AUCTION_WINDOW_MS"][:2] == ["default", "2000"]
    assert "milliseconds for which an auction takes bids" in done.output
    assert all(len(row) > 2 for row in rows.values()), "each says what it is"
    assert rows.keys() == {name.upper() for name in Settings.model_fields}
    told = json.loads(CliRunner().invoke(app, ["settings", "--json"], env=RUN).output)
    assert (told["RPC_URLS"]["source"], told["RPC_URLS"]["value"]) == ("environment", shown)
    assert told.keys() == rows.keys()
    assert "secret" not in str([one["value"] for one in told.values()])


def test_servers_that_are_not_named_are_the_embedded_ones() -> None:
    done = CliRunner().invoke(app, ["settings"], env=dict.fromkeys(("DATABASE_URL", "REDIS_URL", "RPC_URLS"), ""))
    assert done.exit_code == 0
    assert done.output.count("not set      `intendly up` starts one ") == 3


@pytest.mark.parametrize("command", [("settings",), ("db", "upgrade"), ("up",)])
def test_a_mistake_is_one_line_that_names_the_variable(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *command],
        cwd=ROOT,
        env=RUN | {"AUCTION_WINDOW_MS": "soon", "RELAYER_PORT": "99999", "REDIS_URL": "http://sekret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    for name in ("AUCTION_WINDOW_MS", "RELAYER_PORT", "REDIS_URL"):
        assert name in done.stderr
    assert "sekret" not in done.stderr


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("CHAIN_ID", "x", "expected a whole number from 1, got 'x'"),
        ("CHAIN_ID", "0", "expected a whole number from 1, got '0'"),
        ("AUCTION_WINDOW_MS", "1.5", "expected a whole number from 300 to 60000, got '1.5'"),
        ("SOLVER_ALLOW_PRIVATE", "perhaps", "expected true or false, got 'perhaps'"),
        ("LOG_LEVEL", "LOUD", "expected 'DEBUG', 'INFO', 'WARNING' or 'ERROR', got 'LOUD'"),
        ("DATABASE_URL", "mysql://u:sekret@h/x", "expected postgresql://user:password@host:port/name, got ***"),
        ("RPC_URLS", "ftp://sekret", "expected http(s):// addresses separated by commas, got ***"),
        ("LIMIT_SOLVER_BIDS", "50", f"{RATE}, got '50'"),
        ("CORS_ORIGINS", f"{APP}/x", f"{ORIGINS}, got '{APP}/x'"),
        ("CORS_ORIGINS", "https://*.example", f"{ORIGINS}, got 'https://*.example'"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", f"{NETWORKS}, got '10.0.0.1/8'"),
        ("INTEGRATORS", "203.0.113.0/24=0", f"{INTEGRATORS}, got ***"),
        ("INTEGRATORS", "sekret=20", f"{INTEGRATORS}, got ***"),
        (
            "RPC_URLS",
            ",",
            "expected the chain's JSON-RPC endpoints, separated by commas, the preferred one first, got ***",
        ),
    ],
)
def test_a_mistake_is_told_in_our_words(name: str, given: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(RUN | {name: given})
    assert str(refused.value) == f"{name}: {said}"


def test_what_is_missing_is_told_with_what_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(SettingsError) as refused:
        load_settings({name: value for name, value in RUN.items() if name != "REDIS_URL"})
    assert str(refused.value) == "REDIS_URL: not set; expected Redis or Valkey: redis://[:password@]host:port/db"

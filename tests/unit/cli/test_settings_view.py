"""`intendly settings` shows where each value comes from, no secret, and names a mistake in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).parents[3]
RUN = {
    "DATABASE_URL": "postgresql://u:dbsecret@db/x",
    "REDIS_URL": "redis://:cachesecret@cache/0",
    "RPC_URLS": "http://one,https://rpc.example/v3/rpcsecret",
    "FLOWER_PASSWORD": "flowersecret",
}


def test_every_setting_is_shown_and_no_secret() -> None:
    done = CliRunner().invoke(app, ["settings"], env=RUN)
    assert done.exit_code == 0
    assert "secret" not in done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines()}
    assert rows["DATABASE_URL"] == ["environment", "postgresql://u:***@db/x"]
    assert rows["RPC_URLS"] == ["environment", "http://one,https://rpc.example/***"]
    assert rows["FLOWER_PASSWORD"] == ["environment", "***"]
    assert rows["AUCTION_WINDOW_MS"] == ["default", "2000"]


def test_servers_that_are_not_named_are_the_embedded_ones() -> None:
    done = CliRunner().invoke(app, ["settings"], env=dict.fromkeys(("DATABASE_URL", "REDIS_URL", "RPC_URLS"), ""))
    assert done.exit_code == 0
    assert done.output.count("not set      `intendly up` starts one of its own") == 3


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
    assert "soon" not in done.stderr

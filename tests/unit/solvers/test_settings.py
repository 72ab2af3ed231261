"""Every mistake of the environment is named, and no value is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solvers.markets import load_markets
from solvers.process import read_key
from solvers.settings import MarketMakerSettings, PoolRouterSettings, SettingsError, load

_GOOD = {
    "INTENDLY_API_URL": "http://127.0.0.1:3001",
    "RPC_URL": "http://127.0.0.1:8545/secret-token",
    "SOLVER_KEY_FILE": "key",
    "MARKETS_FILE": "markets.json",
    "SOLVER_DATA_DIR": "data",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*_GOOD, "EXECUTOR_ADDRESS", "LISTEN_PORT", "SPREAD_BPS", "MARGIN_BPS", "LOG_LEVEL", "LISTEN_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in _GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_not_set_has_a_default(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EXECUTOR_ADDRESS", "0x" + "11" * 20)
    router = load(PoolRouterSettings)
    assert router.listen_port is None
    assert str(router.executor_address) == "0x" + "11" * 20
    assert "secret-token" not in repr(router)


def test_every_mistake_is_named_and_no_value(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("MARKETS_FILE")
    environment.setenv("RPC_URL", "ftp://secret-token")
    environment.setenv("SPREAD_BPS", "lots")
    environment.setenv("EXECUTOR_ADDRESS", "0x12")
    with pytest.raises(SettingsError) as caught:
        load(MarketMakerSettings)
    text = str(caught.value)
    for name in ("MARKETS_FILE", "RPC_URL", "SPREAD_BPS", "EXECUTOR_ADDRESS"):
        assert name in text
    assert "secret-token" not in text


def test_a_markets_file_is_named_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MARKETS_FILE: No such file"):
        load_markets(tmp_path / "none.json")
    broken = tmp_path / "markets.json"
    broken.write_text(json.dumps({"wrapped_native": "0x12"}))
    with pytest.raises(SettingsError, match=r"MARKETS_FILE: wrapped_native: expected 20 bytes"):
        load_markets(broken)


@pytest.mark.parametrize("text", ["", "0x12", "zz" * 32, "00" * 32])
def test_a_bad_key_is_named_but_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "solver.key"
    file.write_text(text)
    with pytest.raises(SettingsError, match="SOLVER_KEY_FILE") as caught:
        read_key(file)
    assert not text or text not in str(caught.value).replace(str(file), "")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SOLVER_KEY_FILE: No such file"):
        read_key(tmp_path / "none")


def test_a_key_file_may_end_with_a_line_break(tmp_path: Path) -> None:
    file = tmp_path / "solver.key"
    file.write_text("0x" + "11" * 32 + "\n")
    file.chmod(0o600)
    assert read_key(file) == "0x" + "11" * 32

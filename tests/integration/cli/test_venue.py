"""The ground of `intendly up` and of the demo: whose servers are used, and on which chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.venue import prepare, running_parts
from intendly.adapters.chain.keys import load_key
from intendly.adapters.embedded import embedded_anvil
from intendly.settings import SettingsError
from tests.external import PostgresServer, RedisServer

pytestmark = pytest.mark.integration


def test_exported_servers_are_used_where_that_was_asked_for(
    database_url: str, valkey: RedisServer, world_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", valkey.url_of(5))
    with running_parts(use_external=True, data_dir=world_folder) as ground:
        assert ground.settings.database_url.get_secret_value() == database_url
        assert ground.settings.redis_url.get_secret_value() == valkey.url_of(5)
        assert ground.parts.postgres is None
        assert ground.parts.valkey is None
        assert ground.parts.anvil
        assert ground.parts.fallen() is None
        ground.parts.anvil.child.stop()
        assert ground.parts.fallen() == "anvil"


def test_exported_servers_are_ignored_otherwise(
    postgres: PostgresServer, world_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@production/main")
    monkeypatch.setenv("REDIS_URL", "redis://production")
    monkeypatch.setenv("RPC_URLS", "https://production")
    with running_parts(use_external=False, data_dir=world_folder) as ground:
        settings = ground.settings
        for url in (settings.database_url, settings.redis_url, *settings.rpc_urls):
            assert "127.0.0.1" in url.get_secret_value()
        assert settings.flower_password
        assert settings.solver_allow_private


def test_what_was_set_goes_before_what_suits_one_machine(world_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("SOLVER_ALLOW_PRIVATE", "false")
    monkeypatch.setenv("FLOWER_PASSWORD", "of-my-own")
    with running_parts(use_external=False, data_dir=world_folder) as ground:
        assert ground.settings.log_format == "json"
        assert not ground.settings.solver_allow_private
        assert ground.settings.flower_password
        assert ground.settings.flower_password.get_secret_value() == "of-my-own"


def test_a_second_start_finds_what_stands_and_another_chain_is_refused_by_name(
    world_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = world_folder / "data"
    with running_parts(use_external=False, data_dir=data) as ground:
        prepare(ground)
        deployed = ground.settings.deployment_path.read_text()
        solver_key = load_key(data / "solvers" / "pool_router" / "solver.key").address
    with running_parts(use_external=False, data_dir=data) as ground:
        prepare(ground)
        assert ground.settings.deployment_path.read_text() == deployed
        assert load_key(data / "solvers" / "pool_router" / "solver.key").address == solver_key
    with embedded_anvil(world_folder / "other", chain_id=4_711, durable=False) as other:
        monkeypatch.setenv("RPC_URLS", other.rpc_url)
        refused = pytest.raises(SettingsError, match=r"on chain 31337 .* RPC_URLS is chain 4711")
        with running_parts(use_external=True, data_dir=data) as ground, refused:
            prepare(ground)

"""docker-compose.yml and the image: they start what the one table of processes starts, and give secrets to few."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from cli.keeper import ProcessSpec
from cli.processes import venue_processes
from cli.program import app
from intendly.adapters.embedded.ports import release_claims
from intendly.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
BIN = Path(sys.executable).parent
SECRETS = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD"}
PUBLISHED = {"chain": 8_545, "backend-relayer": 3_001, "websocket-server": 3_002, "flower": 5_555}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(FILE.read_text())
    return parsed["services"]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[dict[str, ProcessSpec]]:
    """Each process of the table by its service's name."""
    given = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", "RPC_URLS": "http://", "DATA_DIR": str(tmp_path)}
    yield {spec.name.replace("/", "-"): spec for spec in venue_processes(load_settings(given))}
    release_claims()


def test_the_file_is_one_that_compose_reads() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_image_is_built_as_hadolint_advises() -> None:
    command = [str(BIN / "hadolint"), "--format", "json", str(ROOT / "Dockerfile")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(checked.stdout) == []


def test_every_process_of_the_table_is_a_service_with_the_same_command(
    services: dict[str, dict[str, Any]], processes: dict[str, ProcessSpec]
) -> None:
    assert services.keys() - {"postgres", "redis", "chain", "migrate", "contracts"} == processes.keys()
    for name, spec in processes.items():
        argv, _ = _apart(services[name]["command"])
        assert argv == _apart(["python", *spec.argv[1:]])[0]
        assert services[name]["restart"] == "unless-stopped"


def test_each_process_is_asked_for_its_health_where_it_answers(
    services: dict[str, dict[str, Any]], processes: dict[str, ProcessSpec]
) -> None:
    for name, spec in processes.items():
        asked, answers = urlsplit(services[name]["environment"]["HEALTH_URL"]), urlsplit(spec.health_url or "")
        _, told = _apart(services[name]["command"])
        assert (asked.hostname, asked.port) == ("127.0.0.1", told or answers.port)
        assert asked.path == answers.path
        assert "HEALTH_URL" in str(services[name]["healthcheck"]["test"])


@pytest.mark.parametrize("name", ["chain", "migrate", "contracts"])
def test_the_other_commands_are_ones_that_the_program_has(name: str, services: dict[str, dict[str, Any]]) -> None:
    program, *words = services[name]["command"]
    assert program == "intendly"
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_what_a_service_is_told_are_settings(services: dict[str, dict[str, Any]]) -> None:
    for name in services.keys() - {"postgres", "redis"}:
        unknown = {each.lower() for each in services[name]["environment"]} - Settings.model_fields.keys()
        assert unknown <= {"health_url"}


def test_keys_and_passwords_go_to_those_that_need_them(services: dict[str, dict[str, Any]]) -> None:
    def told(*names: str) -> set[str]:
        return {each for each, service in services.items() if set(names) & service.get("environment", {}).keys()}

    def mounts(volume: str) -> set[str]:
        return {
            each
            for each, service in services.items()
            if any(at.startswith(f"{volume}:") for at in service.get("volumes", []))
        }

    signers = {"contracts", "backend-coordinator-auctions", "backend-coordinator-settlements"}
    assert told("AUCTIONEER_KEY_FILE", "SUBMITTER_KEY_FILE") == mounts("keys") == signers
    assert told("RECEIPT_KEY_FILE") == mounts("receipts") == {"contracts", "backend-relayer"}
    assert told("FLOWER_PASSWORD") == {"flower"}


def test_no_password_has_a_default_and_none_is_in_an_argument(services: dict[str, dict[str, Any]]) -> None:
    text = FILE.read_text()
    for secret in SECRETS:
        uses = re.findall(rf"\$\{{?{secret}[^}}\s]*", text)
        assert uses
        assert all(use.startswith((f"${{{secret}:?", f"${secret}")) for use in uses)
    for service in services.values():
        arguments = str(service.get("command", ""))
        assert not re.search(r"(?<!\$)\$\{", arguments)


def test_the_passwords_that_the_document_makes_are_those_that_are_asked_for(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```\n(.*?)^```$", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL | re.MULTILINE)
    making, compose = block.split("docker compose ")
    subprocess.run(["bash", "-ec", making], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    assert made.keys() == SECRETS
    assert len(set(made.values())) == len(SECRETS)
    assert all(re.fullmatch("[0-9a-f]{48}", password) for password in made.values())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert compose == "up --build --detach --wait\n"


def test_postgresql_and_redis_are_their_own_makers_and_keep_what_must_be_kept(
    services: dict[str, dict[str, Any]],
) -> None:
    assert [services[name]["image"].partition(":")[0] for name in ("postgres", "redis")] == ["postgres", "redis"]
    assert "requirepass %s" in str(services["redis"]["command"])
    kept = {name: [at.partition(":")[0] for at in service.get("volumes", [])] for name, service in services.items()}
    assert {volume for volumes in kept.values() for volume in volumes} == yaml.safe_load(FILE.read_text())[
        "volumes"
    ].keys()
    assert [kept[name] for name in ("postgres", "chain", "flower")] == [["postgres"], ["chain"], ["flower"]]


def test_ports_are_published_on_the_loopback_address_alone(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PUBLISHED.items()}


def test_our_services_run_without_rights_from_one_image(services: dict[str, dict[str, Any]]) -> None:
    ours = [service for name, service in services.items() if name not in {"postgres", "redis"}]
    assert len({service["image"] for service in ours}) == 1
    for service in ours:
        assert service["user"] == "10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def _apart(argv: Sequence[str]) -> tuple[list[str], int | None]:
    """The command without the port of its health, and that: which one is free is the start's affair."""
    words = list(argv)
    if "--health-port" not in words:
        return words, None
    at = words.index("--health-port")
    return words[:at] + words[at + 2 :], int(words[at + 1])

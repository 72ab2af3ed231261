"""A port that was asked for is had or its holder is named; one that was not gives way."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ports import free_ports
from cli.venue import running_parts
from intendly.adapters.embedded.ports import claimed_port, free_port, is_free, port_holder, release_claims
from intendly.settings import SettingsError, load_settings

ROOT = Path(__file__).parents[3]
PARTS = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "RPC_URLS": "http://x"}


def _file(port: int) -> Path:
    return Path(tempfile.gettempdir()) / f"intendly-port-{port}"


@pytest.fixture(autouse=True)
def _nothing_stays_claimed() -> Iterator[None]:
    yield
    release_claims()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        yield holder.getsockname()[1]


def test_the_holder_of_a_port_is_named(taken: int) -> None:
    assert not is_free(taken)
    assert port_holder(taken).startswith(f"process {os.getpid()} (")


def test_a_port_that_was_set_is_had_or_refused(taken: int) -> None:
    settings = load_settings(PARTS | {"RELAYER_PORT": str(taken)})
    with pytest.raises(SettingsError, match=f"RELAYER_PORT: port {taken} is held by process {os.getpid()}"):
        free_ports(settings)


def test_a_port_that_another_venue_claimed_is_not_given_out_though_nobody_listens_yet() -> None:
    code = "from intendly.adapters.embedded.ports import claimed_port\nprint(claimed_port(3999), flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdin
        theirs = int(other.stdout.readline())
        settings = load_settings(PARTS | {"RELAYER_PORT": str(theirs)})
        with pytest.raises(SettingsError, match=f"RELAYER_PORT: port {theirs} is claimed by another venue"):
            free_ports(settings)
        assert claimed_port(theirs) != theirs
        other.stdin.close()
        other.wait(timeout=10)
    release_claims()
    assert _file(theirs).exists(), "it ended without a word"
    assert claimed_port(theirs) == theirs
    release_claims()
    assert not _file(theirs).exists()


def test_a_claim_removed_by_its_holder_at_the_last_moment_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    lock, holders = fcntl.flock, [_file(port)]

    def lock_late(descriptor: int, operation: int) -> None:
        while holders:
            holders.pop().unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    assert claimed_port(port) == port
    with _file(port).open() as another, pytest.raises(BlockingIOError):
        lock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_claims_of_a_start_that_fails_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = free_port()

    def fail(_settings: object) -> dict[str, str]:
        assert claimed_port(claimed) == claimed
        raise SettingsError("FLOWER_PORT: port 1 is held by process 1")

    monkeypatch.setattr("cli.venue.free_ports", fail)
    for name, url in PARTS.items():
        monkeypatch.setenv(name, url)
    with pytest.raises(SettingsError, match="FLOWER_PORT"), running_parts(use_external=True, data_dir=tmp_path):
        pass
    assert not _file(claimed).exists()


def test_a_default_port_gives_way_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(PARTS)
    with socket.socket() as holder:
        with contextlib.suppress(OSError):  # then somebody else holds it, which does as well
            holder.bind(("127.0.0.1", settings.relayer_port))
            holder.listen(1)
        chosen = free_ports(settings)
    assert chosen["RELAYER_PORT"] != str(settings.relayer_port)
    said = capsys.readouterr().err
    assert f"RELAYER_PORT: port {settings.relayer_port} is held by " in said
    assert f"; {chosen['RELAYER_PORT']} is used instead" in said
    assert chosen.keys() == {"RELAYER_PORT", "WEBSOCKET_PORT", "COORDINATOR_PORT", "FLOWER_PORT"}

"""The first command on a new machine: finds a Python that works, says what can't be had, leaves no path in a lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap
from tools.bootstrap import ending
from tools.lock import without_paths
from tools.platform_check import FOUNDRY, POSTGRES, SUPERVISION, VALKEY, missing_parts

ROOT = Path(__file__).parents[3]
FIND = ROOT / "tools" / "find-python"


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _find(path: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", FIND], env={"PATH": path, **more}, capture_output=True, text=True, check=False)


def test_a_shim_that_fails_counts_as_absent(tmp_path: Path) -> None:
    shims, real = tmp_path / "shims", tmp_path / "re al"
    shims.mkdir()
    real.mkdir()
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        _program(shims / name, "echo 'command not found' >&2; exit 127")
    _program(real / "python3.12", f'exec "{sys.executable}" "$@"')
    assert _find(f"{shims}:{real}").stdout.strip() == str(real / "python3.12")


def test_without_a_python_it_says_so(tmp_path: Path) -> None:
    done = _find(str(tmp_path))
    assert done.returncode == 1
    assert "No working Python 3.11, 3.12 or 3.13" in done.stderr


def test_a_python_that_was_named_is_used_or_refused(tmp_path: Path) -> None:
    assert _find(os.defpath, PYTHON=sys.executable).stdout.strip() == sys.executable
    refused = _find(os.defpath, PYTHON=str(tmp_path / "none"))
    assert refused.returncode == 1
    assert "PYTHON=" in refused.stderr


@pytest.mark.parametrize(
    ("system", "machine", "libc", "missing"),
    [
        ("Linux", "x86_64", ("glibc", "2.36"), []),
        ("Linux", "aarch64", ("glibc", "2.36"), [FOUNDRY]),
        ("Linux", "x86_64", ("", ""), [POSTGRES, VALKEY]),
        ("Darwin", "arm64", ("", ""), [SUPERVISION, FOUNDRY]),
    ],
)
def test_what_can_not_be_had_is_named(system: str, machine: str, libc: tuple[str, str], missing: list[str]) -> None:
    assert missing_parts(system, machine, libc) == missing


def test_a_lock_names_no_file_of_this_machine() -> None:
    lock = (
        "a==1 \\\n    --hash=sha256:0\n    # via\n    #   intendly (/home/x y/pyproject.toml)\n    #   b\n"
        "b==1 \\\n    --hash=sha256:1\n    # via intendly (/home/x/pyproject.toml)\n"
        "c==1 \\\n    --hash=sha256:2\n    # via\n    #   intendly (/home/x/pyproject.toml)\n"
        "    #   intendly-sdk (sdk/pyproject.toml)\n"
        "d==1 \\\n    --hash=sha256:3\n    # via\n    #   intendly (/home/x/pyproject.toml)\n"
    )
    assert without_paths(lock) == (
        "a==1 \\\n    --hash=sha256:0\n    # via\n    #   b\n"
        "b==1 \\\n    --hash=sha256:1\n"
        "c==1 \\\n    --hash=sha256:2\n    # via\n    #   intendly-sdk (sdk/pyproject.toml)\n"
        "d==1 \\\n    --hash=sha256:3\n"
    )


def test_the_locks_hold_no_address_and_no_path() -> None:
    for name in ("requirements.lock", "tools/uv.lock", "contracts/package-lock.json", "clients/ts/package-lock.json"):
        text = (ROOT / name).read_text()
        assert '"resolved"' not in text
        assert "--index" not in text
        assert "(/" not in text


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (-9, "npm was killed (out of memory?); run the command again, with less beside it"),
        (137, "npm was killed (out of memory?); run the command again, with less beside it"),
        (-15, "npm was ended by SIGTERM; run the command again"),
        (1, "npm ended with 1; it says why above"),
    ],
)
def test_a_set_up_that_stops_says_what_to_do(status: int, says: str) -> None:
    assert ending("npm", status) == says


def test_a_set_up_that_is_interrupted_says_so_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = bootstrap.Step("step", "a step", 0, tuple, lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(bootstrap, "TOOLS", tmp_path)
    monkeypatch.setattr(bootstrap, "STEPS", (step,))
    assert bootstrap.main() == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert (tmp_path / "stamps" / "step").read_text() == "", "it is to be done again"

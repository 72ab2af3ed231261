"""A data folder that can't be used, or is about another chain, is refused by the setting's name, in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.web.world import DEPLOYMENT

ROOT = Path(__file__).parents[3]


def _refused(*command: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("folder", "why"), [("/proc/nope", "No such file"), ("/dev/null/x", "not a folder"), (__file__, "not a folder")]
)
def test_a_folder_that_can_not_be_written(folder: str, why: str) -> None:
    line = _refused("up", env={"DATA_DIR": folder})
    assert line.startswith(f"settings: DATA_DIR: expected a folder that can be written, got {folder} ({why}")
    assert _refused("demo", "--data-dir", folder, env={}).startswith("settings: --data-dir: expected a folder")


def test_another_chain_id_than_the_datas(tmp_path: Path) -> None:
    (tmp_path / "deployment.json").write_text(DEPLOYMENT.model_dump_json())
    line = _refused("up", env={"DATA_DIR": str(tmp_path), "CHAIN_ID": str(DEPLOYMENT.chain_id + 1)})
    assert line.startswith(f"settings: CHAIN_ID: expected {DEPLOYMENT.chain_id}, which the data in {tmp_path} is about")
    for remedy in ("another DATA_DIR", "`make clean`"):
        assert remedy in line
    assert list(tmp_path.iterdir()) == [tmp_path / "deployment.json"], "nothing was started"

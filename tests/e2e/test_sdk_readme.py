"""sdk/README.md from its first block to its last fill, as it stands there, against a venue that `intendly up` runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from intendly_sdk.backoff import delays

from cli.processes import ROOT
from intendly.adapters.embedded.ports import claimed_port
from tests.e2e.up import intendly_up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_README = (ROOT / "sdk" / "README.md").read_text()


def _block(language: str, name: str) -> str:
    (code,) = re.findall(rf"```{language} {name}\n(.*?)```", _README, re.DOTALL)
    return str(code)


class Terminal:
    """Runs the blocks, each in a process of its own; what one exports the next ones have."""

    def __init__(self, exported: dict[str, str]) -> None:
        self.env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **exported}

    def shell(self, script: str) -> str:
        """Run it with `set -e`, keep what it exports, return what it printed."""
        out = self._run(["bash", "-ec", f"{script}\necho ---\nexport -p"])
        said, _, exports = out.partition("---\n")
        self.env |= dict(re.findall(r'^declare -x (\w+)="(.*)"$', exports, re.MULTILINE))
        return said

    def python(self, name: str) -> str:
        """Run the block of this name."""
        return self._run([sys.executable, "-W", "error", "-c", _block("python", name)])

    @contextmanager
    def beside(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """The block of this name running; SIGTERM in the end, which it must follow."""
        process = subprocess.Popen([sys.executable, "-c", _block("python", name)], env=self.env, cwd=ROOT)
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(10) == 0

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for wait in delays(first=0.1, cap=0.5):
        assert process.poll() is None
        with suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        time.sleep(wait)


def test_a_reader_becomes_a_solver_and_trades_with_it(world_folder: Path) -> None:
    """Without the reference solvers, so that the fill is by the solver of the README."""
    data = world_folder / "data"
    with intendly_up(data, "--no-solvers") as up:
        line = up.wait_line(r"(export INTENDLY_API_URL=\S+ RPC_URL=\S+)").group(1)
        terminal = Terminal({"DATA_DIR": str(data)})
        terminal.shell(line)
        free = str(claimed_port(3_020, "127.0.0.1"))
        assert "USDC   10,000" in terminal.shell(_block("sh", "solver-fund").replace("3020", free))
        terminal.shell(terminal.python("enrol"))
        assert "XETH   2.5" in terminal.shell(_block("sh", "fund"))
        assert terminal.python("approve").startswith("approved in 0x")
        with terminal.beside("solver") as solver:
            _until_up(f"http://127.0.0.1:{terminal.env['PORT']}/health", solver)
            assert terminal.python("trader").startswith("received 3000300000 in 0x")

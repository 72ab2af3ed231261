"""clients/ts as it is packed, and its README's program from quote to fill, against a venue that `intendly up` runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest

from cli.processes import ROOT
from tests.e2e.up import intendly_up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_CLIENT = ROOT / "clients" / "ts"
_README = (_CLIENT / "README.md").read_text()


def _block(language: str, name: str) -> str:
    (code,) = re.findall(rf"```{language} {name}\n(.*?)```", _README, re.DOTALL)
    return str(code).strip()


def _run(script: str, env: dict[str, str], cwd: Path = ROOT) -> str:
    env = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"} | env
    done = subprocess.run(["bash", "-ec", script], env=env, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _project(folder: Path) -> Path:
    """A project of a user's: the package as `npm pack` makes it, viem beside it, and the README's program."""
    packed = _run(f"{_block('sh', 'pack')} --pack-destination {shlex.quote(str(folder))}", {}).split()[-1]
    with tarfile.open(folder / packed) as archive:
        archive.extractall(folder, filter="data")
    modules = folder / "node_modules"
    (modules / "@intendly").mkdir(parents=True)
    (folder / "package").rename(modules / "@intendly" / "client")
    for name in ("viem", "@types", "undici-types"):
        (modules / name).symlink_to(_CLIENT / "node_modules" / name)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "trade.ts").write_text(_block("ts", "trade"))
    return folder


def _balance(rpc_url: str, token: str, owner: str) -> int:
    data = "0x70a08231" + owner[2:].rjust(64, "0")
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": token, "data": data}, "latest"]}
    return int(httpx.post(rpc_url, json=body, trust_env=False).json()["result"], 16)


def test_a_program_of_a_users_trades_and_cancels(world_folder: Path, tmp_path: Path) -> None:
    project = _project(tmp_path)
    strict = "--strict --noEmit --target es2023 --module nodenext --types node --skipLibCheck"
    _run(f"{shlex.quote(str(_CLIENT / 'node_modules/.bin/tsc'))} {strict} trade.ts", {}, project)
    data = world_folder / "data"
    with intendly_up(data) as up:
        api, rpc = up.wait_line(r"export INTENDLY_API_URL=(\S+) RPC_URL=(\S+)").groups()
        env = {"DATA_DIR": str(data), "INTENDLY_API_URL": api, "RPC_URL": rpc}
        env["TRADER_KEY"] = _run(
            f"{_block('sh', 'fund')} --json >{shlex.quote(str(project))}/funded; echo $TRADER_KEY", env
        ).strip()
        swapper = json.loads((project / "funded").read_text())["address"]
        listed = httpx.get(f"{api}/api/v1/tokens", trust_env=False).json()
        tokens = {token["symbol"]: token["address"] for token in listed}
        before = {symbol: _balance(rpc, tokens[symbol], swapper) for symbol in ("XETH", "USDC")}

        said = _run("node trade.ts", env, project)

        received = int(re.search(r"^received (\d+) in 0x[0-9a-f]{64}$", said, re.MULTILINE).group(1))  # type: ignore[union-attr]
        assert _balance(rpc, tokens["XETH"], swapper) == before["XETH"] - 5 * 10**17
        assert _balance(rpc, tokens["USDC"], swapper) == before["USDC"] + received
        cancelled = re.search(r"^cancelled (0x[0-9a-f]{64}) not filled after \d+$", said, re.MULTILINE)
        assert cancelled, said
        view = httpx.get(f"{api}/api/v1/intents/{cancelled.group(1)}", trust_env=False).json()
        assert view["state"] == "cancelled"

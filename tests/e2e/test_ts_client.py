"""clients/ts as it is packed, and its README's program from quote to fill, against a venue that `intendly up` runs.

Meanwhile its stream server is killed, and a program that follows the stream misses nothing.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from intendly_sdk.client import VenueClient
from intendly_sdk.primitives import Address
from intendly_sdk.stream import StreamClient

from cli.processes import ROOT
from tests.e2e.up import NODE, intendly_up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_CLIENT = ROOT / "clients" / "ts"
_FOLLOW = """
import { TraderClient } from "@intendly/client";
import { privateKeyToAccount } from "viem/accounts";
const account = privateKeyToAccount(process.env.TRADER_KEY as `0x${string}`);
const trader = new TraderClient({ apiUrl: process.env.INTENDLY_API_URL ?? "", account });
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const options = {
  signal: stop.signal,
  heartbeatMs: 200, // so that the server is asked whether it lives, many times
  after: process.env.AFTER ?? "",
  onLost: ({ reason }: { reason: string }) => console.log("lost", reason),
};
const interest = { swappers: [trader.address], auctions: true };
for await (const { cursor, kind } of trader.events(interest, options)) console.log(cursor, kind);
"""
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


def _told(stream_url: str, after: str, swapper: str) -> list[str]:
    """What the stream tells one who comes later, up to the cancel."""
    told: list[str] = []
    with StreamClient(stream_url) as stream:
        stream.subscribe(swappers=(Address(swapper),), auctions=True, after=after)
        for event in stream.events():
            told.append(f"{event.cursor} {event.kind}")
            if event.kind == "intent.cancelled":
                break
    return told


@contextmanager
def _following(project: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A program that prints every event, until it is ended."""
    (project / "follow.ts").write_text(_FOLLOW)
    env = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"} | env
    command = [NODE, "follow.ts"]
    process = subprocess.Popen(command, env=env, cwd=project, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _until(process: subprocess.Popen[str], pattern: str) -> list[str]:
    """What it prints, up to the first line that fits."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line.strip())
        if re.search(pattern, line):
            return said
    pytest.fail(f"it ended before {pattern!r}: {said}")


def test_a_program_of_a_users_trades_and_cancels(world_folder: Path, tmp_path: Path) -> None:
    project = _project(tmp_path)
    (options,) = re.findall(r"`npx tsc (.*) trade\.ts`", _README)
    _run(f"{shlex.quote(str(_CLIENT / 'node_modules/.bin/tsc'))} {options} --skipLibCheck trade.ts", {}, project)
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

        with VenueClient(api) as venue:
            stream_url = venue.config().stream_url
        with StreamClient(stream_url) as stream:
            stream.subscribe()
            assert stream.cursor
            env["AFTER"] = stream.cursor

        with _following(project, env) as follower:
            trading = subprocess.Popen(
                [NODE, "trade.ts"],
                env=os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"} | env,
                cwd=project,
                stdout=subprocess.PIPE,
                text=True,
            )
            with trading:
                heard = _until(follower, "intent.accepted")
                up.kill("workers.stream")
                said = trading.communicate(timeout=90)[0]
            assert trading.returncode == 0, said
            heard += _until(follower, "intent.cancelled")
        assert "lost lost" in heard
        assert "lost silent" not in heard
        assert [line for line in heard if not line.startswith("lost ")] == _told(stream_url, env["AFTER"], swapper)

        received = int(re.search(r"^received (\d+) in 0x[0-9a-f]{64}$", said, re.MULTILINE).group(1))  # type: ignore[union-attr]
        assert _balance(rpc, tokens["XETH"], swapper) == before["XETH"] - 5 * 10**17
        assert _balance(rpc, tokens["USDC"], swapper) == before["USDC"] + received
        cancelled = re.search(r"^cancelled (0x[0-9a-f]{64}) not filled after \d+$", said, re.MULTILINE)
        assert cancelled, said
        view = httpx.get(f"{api}/api/v1/intents/{cancelled.group(1)}", trust_env=False).json()
        assert view["state"] == "cancelled"

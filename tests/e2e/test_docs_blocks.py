"""Every block of code in the documents; the quick starts as they stand there, against one venue of `intendly up`."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from intendly_sdk import messages, stream_messages
from intendly_sdk.backoff import delays
from intendly_sdk.client import VenueClient
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.typed_data import stream_login_digest

from cli.processes import ROOT
from intendly.adapters.embedded.ports import claimed_port
from tests.e2e.up import NODE, intendly_up
from web.openapi.examples import DOMAIN, examples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_CLIENT = ROOT / "clients" / "ts"


@dataclass(frozen=True)
class Block:
    """```language name"""

    document: str
    language: str
    name: str
    code: str


def _blocks(document: Path) -> list[Block]:
    fenced = re.findall(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return [Block(str(document.relative_to(ROOT)), *each) for each in fenced]


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "sdk" / "README.md"]
BLOCKS = [block for document in DOCUMENTS for block in _blocks(document)]
COMMANDS = [block for block in BLOCKS if block.document == "docs/cli.md"]
JSON = [block for block in BLOCKS if block.language == "json"]
TO_RUN = [block for block in BLOCKS if block not in COMMANDS and block not in JSON]


def _id(block: Block) -> str:
    return f"{block.document} {block.language} {block.name}"


@pytest.mark.parametrize("block", TO_RUN, ids=_id)
def test_what_a_block_is_for_is_known(block: Block) -> None:
    """Whether it was run is what the test at the end says."""
    assert block.language in ("sh", "python", "ts"), "a block is json, sh, python or ts"
    assert re.fullmatch(r"\w+", block.name), "a block that is run has one word behind its language, its program's name"


def test_only_these_blocks_have_no_language() -> None:
    """A picture and an answer; type strings, which tests/unit/test_docs_codes.py reads; what starts docker compose, of
    which tests/unit/test_compose.py runs what needs no docker; `make bench`, whose program
    tests/e2e/test_bench.py runs; `make demo`, `make test`, `pip install`."""
    fences = {str(each.relative_to(ROOT)): re.findall(r"^```.*$", each.read_text(), re.MULTILINE) for each in DOCUMENTS}
    plain = {name: found[::2].count("```") for name, found in fences.items() if "```" in found[::2]}
    assert plain == {
        "README.md": 2,
        "docs/architecture.md": 1,
        "docs/limits.md": 1,
        "docs/operations.md": 1,
        "docs/performance.md": 1,
        "docs/wire.md": 1,
        "sdk/README.md": 1,
    }, "give the block a language and a name, and a test that runs it"


@pytest.mark.parametrize("block", COMMANDS, ids=_id)
def test_a_block_of_commands_has_nothing_else(block: Block) -> None:
    """tests/unit/cli/test_program.py reads each of them as the program does."""
    assert (block.language, block.name) == ("sh", "")
    assert [line for line in block.code.splitlines() if not line.startswith("intendly ")] == []


@pytest.mark.parametrize("block", JSON, ids=_id)
def test_a_json_block_is_the_message_that_it_names(block: Block) -> None:
    """And the API's own example of it, where that has one."""
    model: type[Any] = getattr(messages, block.name, None) or getattr(stream_messages, block.name)
    said = model.model_validate_json(block.code)
    shown = dict(examples())
    (_, refused) = shown[messages.IntentOutcomes].outcomes  # type: ignore[attr-defined]
    assert said == (shown | {messages.Problem: refused.problem}).get(model, said)
    if block.name == "Event":
        asked = shown[messages.AuctionView].intents  # type: ignore[attr-defined]
        assert stream_messages.auction_of(said).intents == asked


def test_the_login_of_the_documents_is_signed() -> None:
    told = {block.name: block.code for block in JSON}
    hello = stream_messages.Hello.model_validate_json(told["Hello"])
    login = stream_messages.Login.model_validate_json(told["Login"])
    digest = stream_login_digest(login.solver, hello.challenge, login.expires_at, DOMAIN)
    assert recover(digest, login.signature) == login.solver


class Reader:
    """Follows the documents: each program is a process of its own; what a shell's exports the next ones have."""

    def __init__(self, data: Path, folder: Path) -> None:
        path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
        self.env = {"PATH": path, "HOME": os.environ.get("HOME", "/"), "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
        self.folder = folder
        self.left = dict.fromkeys(TO_RUN)

    def program(self, document: str, language: str, *names: str) -> str:
        """The blocks of these names, in the document's order. They count as run."""
        mine = [block for block in TO_RUN if (block.document, block.language) == (document, language)]
        chosen = [block for block in mine if block.name in names]
        assert {block.name for block in chosen} == set(names), f"{document} has no {language} block for each of {names}"
        for block in chosen:
            self.left.pop(block, None)
        return "".join(block.code for block in chosen)

    def shell(self, script: str) -> str:
        """Run it with `set -e`, keep what it exports, return what it printed."""
        said, _, exports = self._run(["bash", "-ec", f"{script}\necho ---\nexport -p"]).partition("---\n")
        self.env |= dict(re.findall(r'^declare -x (\w+)="(.*)"$', exports, re.MULTILINE))
        return said

    def python(self, code: str) -> str:
        return self._run([sys.executable, "-W", "error", "-c", code])

    def node(self, code: str) -> str:
        return self._run(self.as_node(code))

    def as_node(self, code: str) -> list[str]:
        """The command that runs it, once it is type-checked."""
        file = self.folder / f"program{len(list(self.folder.glob('*.ts')))}.ts"
        file.write_text(code)
        (options,) = re.findall(r"`npx tsc (.*) solver\.ts`", (ROOT / "docs" / "solvers.md").read_text())
        tsc = str(_CLIENT / "node_modules/.bin/tsc")
        self._run([tsc, *options.split(), "--skipLibCheck", file.name], self.folder)
        return [NODE, str(file)]

    @contextmanager
    def beside(self, command: list[str]) -> Iterator[subprocess.Popen[str]]:
        """The command running; SIGTERM in the end."""
        process = subprocess.Popen(
            command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with process:
            try:
                yield process
            finally:
                process.terminate()

    def _run(self, command: list[str], cwd: Path = ROOT) -> str:
        done = subprocess.run(command, env=self.env, cwd=cwd, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _project(folder: Path) -> Path:
    """A project of a user's, with the TypeScript client as it is built here and viem beside it."""
    client = folder / "node_modules" / "@intendly" / "client"
    client.mkdir(parents=True)
    shutil.copy(_CLIENT / "package.json", client)
    for name in ("viem", "@types", "undici-types"):
        (folder / "node_modules" / name).symlink_to(_CLIENT / "node_modules" / name)
    tsc: list[str | Path] = [_CLIENT / "node_modules/.bin/tsc", "-p", _CLIENT / "tsconfig.build.json"]
    subprocess.run(
        [*tsc, "--outDir", client / "dist"],
        check=True,
        env=os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"},
    )
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def _options_of(script: str) -> list[str]:
    found = re.fullmatch(r"make up(?: UP_ARGS=(\S+))?\n", script)
    assert found, script
    return [found.group(1)] if found.group(1) else []


def _wait_for(process: subprocess.Popen[str], *patterns: str) -> None:
    """Read what it prints until there was a line for each of the patterns, in any order."""
    assert process.stdout
    missing = set(patterns)
    for line in process.stdout:
        missing -= {pattern for pattern in missing if re.search(pattern, line)}
        if not missing:
            return
    pytest.fail(f"it ended before {missing}")


def _until_up(url: str, process: subprocess.Popen[str]) -> None:
    for wait in delays(first=0.1, cap=0.5):
        assert process.poll() is None
        with suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        time.sleep(wait)


class Keys:
    """Of the solver's account, the one that it came with and the one that comes after it."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._reader = reader
        self._old = Signer(reader.env["SOLVER_KEY"])
        self._new = Signer(new := secrets.token_hex(32))
        content = Account.encrypt(bytes.fromhex(reader.env["SOLVER_KEY"]), "horse", kdf="pbkdf2", iterations=1)
        files = {"solver.json": json.dumps(content), "password": "horse", "new.key": f"{new}\n"}
        for name, text in files.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        reader.env |= {"NEW_KEY_FILE": str(folder / "new.key")}
        self._signs = f"--keystore {folder / 'solver.json'} --password-file {folder / 'password'}"

    def rotate(self, solver: subprocess.Popen[str]) -> None:
        """As the document says: the program is told first."""
        solver.send_signal(signal.SIGHUP)
        self._register(self._new.address)

    def take_back(self) -> None:
        """To the key that it came with."""
        self._register(self._old.address)

    def _register(self, key: Address) -> None:
        endpoint = f"http://127.0.0.1:{self._reader.env['PORT']}/bids"
        self._reader.shell(f"intendly solver register --endpoint {endpoint} --signing-key {key} {self._signs}")
        with VenueClient(self._reader.env["INTENDLY_API_URL"]) as venue:
            for wait in delays(first=0.1, cap=0.5):
                if venue.solver(self._old.address).signing_key == key:
                    return
                time.sleep(wait)


def _above(line: str, program: str, block: str) -> str:
    """The program with the block above its line."""
    begin, found, end = program.partition(f"\n{line}")
    assert found, line
    return f"{begin}\n{block}{found}{end}"


def _check_trade(said: str) -> None:
    """It got what it was quoted, less the slippage that it allowed; the later one was cancelled."""
    told = re.fullmatch(
        r"quoted (\d+).*\nreceived (\d+) in 0x[0-9a-f]{64}\ncancelled, not filled after \d+\n", said, re.DOTALL
    )
    assert told, said
    quoted, received = map(int, told.groups())
    assert quoted * 9_950 <= received * 10_000 <= quoted * 9_955


def test_a_reader_becomes_a_solver_and_trades_with_it_by_both_clients(world_folder: Path, tmp_path: Path) -> None:
    """Without the reference solvers, so that each fill is by the solver of the documents."""
    data = world_folder / "data"
    reader = Reader(data, _project(tmp_path))
    traders, solvers = "docs/traders.md", "docs/solvers.md"
    assert _options_of(reader.program(traders, "sh", "up")) == []
    with intendly_up(data, *_options_of(reader.program(solvers, "sh", "up"))) as up:
        reader.shell(up.wait_line(r"(export INTENDLY_API_URL=\S+ RPC_URL=\S+)").group(1))
        free = str(claimed_port(3_020, "127.0.0.1"))
        assert "USDC   10,000" in reader.shell(reader.program(solvers, "sh", "solver").replace("3020", free))
        reader.shell(reader.python(reader.program(solvers, "python", "enrol")))
        fund = reader.program(traders, "sh", "trader")
        assert "XETH   2.5" in reader.shell(fund)

        over_http = [sys.executable, "-c", reader.program(solvers, "python", "solver", "http")]
        listen = [sys.executable, "-c", reader.program(traders, "python", "listen")]
        with reader.beside(over_http) as solver, reader.beside(listen) as heard:
            _until_up(f"http://127.0.0.1:{reader.env['PORT']}/health", solver)
            _wait_for(heard, "^listening$")
            _check_trade(reader.python(reader.program(traders, "python", "trade")))
            _wait_for(heard, r"^intent.settled 0x\w+ Filled", r"^intent.cancelled 0x")
            received = reader.python(reader.program("sdk/README.md", "python", "trader"))
            assert received.startswith("received 1500150000 in 0x")
        assert solver.returncode == 0

        reader.shell(fund)  # another trader, who has approved nothing
        keys = Keys(reader, tmp_path)
        rotates = reader.program(solvers, "python", "rotate")
        on_stream = _above("runner.run()", reader.program(solvers, "python", "solver", "stream"), rotates)
        over_stream = [sys.executable, "-c", on_stream]
        listen = reader.as_node(reader.program(traders, "ts", "listen"))
        with reader.beside(over_stream) as solver, reader.beside(listen) as heard:
            _wait_for(heard, "^listening$")
            _wait_for(solver, "stream.subscribed ")
            keys.rotate(solver)
            _check_trade(reader.node(reader.program(traders, "ts", "trade")))
            _wait_for(heard, r"^intent.settled 0x\w+ Filled", r"^intent.cancelled 0x")
        assert solver.returncode == 0

        keys.take_back()
        rotates = reader.program(solvers, "ts", "rotate")
        in_typescript = reader.as_node(_above("await solver.run(", reader.program(solvers, "ts", "solver"), rotates))
        with reader.beside(in_typescript) as solver:
            _wait_for(solver, "^stream.subscribed ")
            up.kill("workers.stream")  # it comes back, and so does the solver
            _wait_for(solver, "^stream.subscribed ")
            keys.rotate(solver)
            _check_trade(reader.python(reader.program(traders, "python", "trade")))
            _wait_for(solver, "^bid.decided .*won", "^intent.settled .*amount_out")
        assert solver.returncode == 0
    assert [_id(block) for block in reader.left] == [], "blocks that no test runs"

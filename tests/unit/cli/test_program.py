"""The program as a whole: its help, its document, its completion, and how it leaves at a mistake."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.program import app
from tests.unit.sdk import samples
from tests.unit.sdk.venue import http_venue

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "cli.md").read_text()


def _commands(command: Any, path: str = "intendly") -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _commands(each, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(_commands(typer.main.get_command(app)))
_TOLD = [line for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) for line in block.splitlines()]
EXAMPLES = [line for line in _TOLD if line.startswith("intendly ")]


def _options(command: Any) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts) if name.startswith("--")}


def _run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_in_the_document(path: str) -> None:
    assert [line for line in EXAMPLES if f"{line} ".startswith(f"{path} ")], f"docs/cli.md has no example of {path}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_answers_in_json(path: str) -> None:
    assert "--json" in _options(COMMANDS[path])


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_of_the_document_is_a_command_with_these_options(line: str) -> None:
    path = max((path for path in COMMANDS if f"{line} ".startswith(f"{path} ")), key=len, default="")
    assert path, "there is no such command"
    words = shlex.split(line.removeprefix(path))
    context = COMMANDS[path].make_context(path, words, resilient_parsing=False)
    assert context.params


def test_what_help_shows_as_an_example_is_in_the_document() -> None:
    shown = [str(command.epilog).removeprefix("Example: ") for command in COMMANDS.values()]
    assert [example for example in shown if example not in _TOLD] == []


def test_no_option_takes_a_key() -> None:
    for path, command in COMMANDS.items():
        taking = {name for name in _options(command) if re.search("private|secret|mnemonic|password", name)}
        assert taking <= {"--password-file"}, path
        variables = {str(each.envvar) for each in command.params if each.envvar}
        pins = {"INTENDLY_CHAIN_ID", "INTENDLY_SETTLEMENT"}
        assert variables <= {"INTENDLY_API_URL", "RPC_URL", "INTENDLY_KEYSTORE"} | pins


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trade", "--sell", "1", "WOKB"), "Missing option '--for'. See `intendly trade --help`."),
        (("trade", "--sell", "1", "WOKB", "--for", "USDC", "--key", "0x1"), "No such option: --key"),
        (
            ("trade", "--sell", "1WOKB", "--for", "USDC"),
            "--sell: expected AMOUNT TOKEN, two words as 1.5 WOKB, got 1WOKB",
        ),
        (("quote", "--sell", "1 WOKB", "--for", "USDC"), "--sell: expected AMOUNT TOKEN, two words as 1.5 WOKB"),
        (("key", "import", "/nonexistent/new.json"), "FILE: expected a terminal to type the key on"),
        (("nope",), "No such command 'nope'. See `intendly --help`."),
        (("trade", "--sell", "1", "A", "--for", "B", "--ttl", "soon"), "--ttl: expected a time such as"),
        (("trade", "--sell", "1", "A", "--for", "B", "--min", "1", "--slippage", "1%"), "--slippage: expected either"),
        (("quote", "--sell", "1", "A", "--for", "B"), "--account: expected your account's address"),
        (("quote", "--sell", "1", "A", "--for", "B", "--account", "0x12"), "--account: expected 20 bytes, got 1"),
        (("fund", "xyz"), "ADDRESS: expected 0x followed by"),
        (("fund", "0x" + "00" * 20), "ADDRESS: expected an account, got the zero address"),
        (("fund", "0x" + "1f" * 20, "--token", "WETH"), "--token: expected one of WOKB, USDC"),
        (("fund", "0x" + "1f" * 20, "--token", "USDC", "--amount", "many"), "--amount: expected"),
        (("intent", "show", "0x12"), "HASH: expected 32 bytes, got 1"),
        (("auction", "show", "12"), "ID: expected 0x followed by"),
        (("auction", "show", "0x" + "12" * 32, "--api", "localhost"), "--api: expected an address such as http"),
        (("solver", "register"), "--endpoint: expected either --endpoint URL or --stream"),
        (("solver", "register", "--endpoint", "ftp://x"), "--endpoint: expected an address such as https"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_with_2(arguments: tuple[str, ...], said: str) -> None:
    done = _run(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert said in done.stderr
    assert "settings" not in done.stderr, "an argument is no setting"


@pytest.mark.parametrize("given", ["ftp://u:sekret@x", "https:///sekret", "sekret"])
def test_an_address_that_is_none_is_not_shown(given: str) -> None:
    done = _run("auction", "show", "0x" + "12" * 32, "--api", given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--api: expected an address such as http")
    assert "sekret" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("trade", "--sell", "1", "WOKB", "--json"), 2, "Missing option '--for'"),
        (("settings", "--json", "--nope"), 2, "No such option: --nope"),
        (("fund", "xyz", "--json"), 2, "ADDRESS: expected 0x followed by"),
        (("db", "upgrade", "--json"), 2, "settings: DATABASE_URL: not set"),
        (("solver", "list", "--json", "--api", "http://127.0.0.1:1"), 1, "the venue does not answer"),
    ],
)
def test_with_json_a_failure_is_an_object_too(arguments: tuple[str, ...], status: int, said: str) -> None:
    done = _run(*arguments)
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], told.keys()) == (status, status, {"error", "exit_code"})
    assert said in told["error"]["detail"]
    assert done.stderr == told["error"]["detail"] + "\n"


def test_a_refusal_has_the_venues_code() -> None:
    problem = {"type": "", "title": "", "status": 404, "code": "not_found", "detail": "no such auction"}
    with http_venue(lambda *_: (404, problem)) as venue:
        done = _run("auction", "show", "0x" + "12" * 32, "--json", "--api", venue.url)
    assert json.loads(done.stdout)["error"]["code"] == "not_found"
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (2, 2)


def test_where_no_solver_is_registered_it_says_how_to() -> None:
    with http_venue(lambda *_: (200, {"solvers": [], "next": None})) as venue:
        done = _run("solver", "list", "--api", venue.url)
        in_json = _run("solver", "list", "--json", "--api", venue.url)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert "no solver is registered; `intendly solver register --endpoint URL` (or `--stream`)" in done.stdout
    assert json.loads(in_json.stdout) == {"solvers": []}


def test_an_endpoint_that_is_none_is_told_what_one_of_a_chain_is_like() -> None:
    config = json.loads(samples.config().model_dump_json())
    with http_venue(lambda *_: (200, config)) as venue:
        done = _run("solver", "register", "--stream", "--rpc", "", "--api", venue.url)
    assert (done.returncode, done.stderr) == (2, "--rpc: expected an address such as http://127.0.0.1:8545\n")


def test_it_says_its_version() -> None:
    done = _run("--version")
    assert (done.returncode, done.stdout) == (0, f"intendly {version('intendly')}\n")


def test_a_venue_that_does_not_answer_is_one_line_and_leaves_with_1() -> None:
    done = _run("solver", "list", INTENDLY_API_URL="http://127.0.0.1:1")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
    assert "--api or INTENDLY_API_URL says where it is" in done.stderr


def test_interrupted_while_it_is_imported_it_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)")
    command = [sys.executable, "-m", "cli.main", "settings"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "interrupted\n")
        assert process.returncode == 130


def test_interrupted_with_json_it_says_so_in_an_object(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(
        "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(60)"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    command, pipe = [sys.executable, "-m", "cli.main", "settings", "--json"], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
        assert json.loads(told) == {"error": {"detail": "interrupted"}, "exit_code": 130}
        assert process.returncode == 130


def test_the_shell_completes() -> None:
    words = {"COMP_WORDS": "intendly int", "COMP_CWORD": "1"}
    done = _run(_INTENDLY_COMPLETE="complete_bash", **words)
    assert done.stdout.split() == ["intent"]

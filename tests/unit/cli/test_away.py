"""What the program says where the venue can't do a thing now: why, and whether an intent may have gone in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account
from intendly_sdk.errors import ApiError
from intendly_sdk.messages import Problem

from cli.failures import explained
from intendly.domain.errors import ChainUnavailable, Paused, Unavailable, VenueError
from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue
from web.problems import problem_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Paused.because("back at noon"), "the venue is paused: back at noon; reads and cancels go on, try again later"),
        (ChainUnavailable("ask again"), "no endpoint of the chain answers: ask again"),
        (Unavailable("ask again"), "a part of the venue cannot be reached: ask again"),
    ],
)
def test_why_the_venue_cannot_do_it_now_is_said_in_its_words(error: VenueError, said: str) -> None:
    assert explained(ApiError(problem_of(error))) == (1, said)


@pytest.mark.parametrize(
    ("error", "may_be_in", "said"),
    [
        (Paused.because("back at noon"), False, "the venue is paused: back at noon;"),
        (Unavailable("the database does not answer"), True, "the database does not answer"),
    ],
)
def test_a_trade_says_whether_its_intent_may_be_in(
    error: VenueError, may_be_in: bool, said: str, tmp_path: Path
) -> None:
    keystore, password = tmp_path / "key.json", tmp_path / "password"
    keystore.write_text(json.dumps(Account.encrypt(b"\x31" * 32, "correct horse", kdf="pbkdf2", iterations=1)))
    password.write_text("correct horse\n")
    password.chmod(0o600)
    done = _trade(problem_of(error), "--keystore", str(keystore), "--password-file", str(password))
    assert done.returncode == 1
    assert said in done.stderr
    assert ("may have been accepted" in done.stderr) is may_be_in
    assert "does not answer: " not in done.stderr


def _trade(problem: Problem, *options: str) -> subprocess.CompletedProcess[str]:
    def answer(method: str, path: str) -> Answer:
        if method == "POST":
            return problem.status, problem.model_dump(mode="json")
        tokens = [token.model_dump(mode="json") for token in (samples.WETH, samples.USDC)]
        return 200, tokens if path.endswith("/tokens") else samples.config().model_dump(mode="json")

    terms = ["--sell", "1", "WETH", "--for", "USDC", "--min", "3000", "--yes"]
    with http_venue(answer) as venue:
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "trade", *terms, *options, "--api", venue.url],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

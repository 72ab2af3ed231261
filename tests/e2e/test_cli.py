"""The command line as a trader uses it: processes of their own against a venue that `intendly up` runs."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from eth_account import Account
from intendly_sdk.client import TraderClient, VenueClient
from intendly_sdk.errors import ApiError
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionView, Bid, CancelReceipt, IntentView, Leg, SignedBid
from intendly_sdk.primitives import Address, HexBytes
from intendly_sdk.signatures import Signer, recover

from cli.processes import ROOT
from tests.e2e.up import intendly_up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MAX_MINIMUM = "100000"  # more than anybody gives for a WOKB


@dataclass
class Shell:
    """Runs `intendly` where no terminal is, with a keystore whose account holds tokens."""

    env: dict[str, str]
    password_file: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.password_file.parent), **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, leaves_with: int = 0) -> tuple[str, str]:
        """Standard output and standard error of one that must leave with this exit code."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=90)
        assert process.returncode == leaves_with, f"{out}\n{err}"
        return out, err

    def signed(self, *arguments: str, leaves_with: int = 0) -> tuple[str, str]:
        """One that needs the key."""
        return self.run(*arguments, "--password-file", str(self.password_file), leaves_with=leaves_with)

    def told(self, *arguments: str, leaves_with: int = 0, signs: bool = True) -> dict[str, Any]:
        """What it answers with --json, which is one line on standard output."""
        run = self.signed if signs else self.run
        out, _ = run(*arguments, "--json", leaves_with=leaves_with)
        (line,) = out.splitlines()
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    with TemporaryDirectory(prefix="intendly-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # a server that runs as nobody goes through it
        yield from _shell(Path(folder))


def _shell(folder: Path) -> Iterator[Shell]:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text("correct horse\n")
    with intendly_up(folder / "data", "--json") as up:
        venue = json.loads(up.wait_line(r"^(\{.api.*\})$").group(1))
        env = {
            "DATA_DIR": str(folder / "data"),
            "INTENDLY_API_URL": venue["api"],
            "RPC_URL": venue["rpc"],
            "INTENDLY_KEYSTORE": str(folder / "trader.json"),
        }
        shell = Shell(env, password_file)
        made = shell.told("key", "new", str(folder / "trader.json"))
        _soften(folder / "trader.json", password_file.read_text().strip())
        funded = shell.told("fund", made["address"], signs=False)
        assert int(funded["tokens"]["WOKB"]) > 20 * 10**18
        yield shell


def _soften(keystore: Path, password: str) -> None:
    """Let it open at once: a second of scrypt for each command would be most of what these tests do."""
    key = Account.decrypt(keystore.read_text(), password)
    keystore.write_text(json.dumps(Account.encrypt(key, password, kdf="pbkdf2", iterations=1)))


def _sell(least: str, *more: str) -> tuple[str, ...]:
    return ("trade", "--sell", "1", "WOKB", "--for", "USDC", "--min", least, *more)


def test_a_trade_from_the_approval_to_the_tokens(shell: Shell) -> None:
    _, err = shell.signed(*_sell("100"), leaves_with=2)
    assert err.startswith("--approve: expected, since Permit2 may take 0 WOKB of the account")
    _, err = shell.signed(*_sell("100", "--approve"), leaves_with=2)
    assert err.startswith("--yes: expected, as there is no terminal to ask on: let Permit2 take")

    out, err = shell.signed(*_sell("100", "--approve", "--yes", "--json"))
    (line,) = out.splitlines()
    settled = json.loads(line)
    assert (settled["state"], settled["status"]["state"]) == ("settled", "settled")
    assert int(settled["fill"]["amount_out"]) >= 100 * 10**6
    over = int(settled["fill"]["amount_out"]) * 10_000 // (100 * 10**6) - 10_000
    assert settled["improvement"] == {"over_minimum_bps": over}
    steps = [line.split()[0] for line in err.splitlines()]
    assert steps == ["sell", "Permit2", "approved", *_STEPS]

    shown = shell.told("intent", "show", settled["intent_hash"], signs=False)
    assert shown["fill"]["tx_hash"] == settled["fill"]["tx_hash"]
    auction = shell.told("auction", "show", settled["auction_id"], signs=False)
    assert len(auction["bids"]) == 2
    assert auction["winner"] == settled["fill"]["bid_hash"]

    out, err = shell.signed(*_sell("100"))
    assert [line.split()[0] for line in out.splitlines()] == ["sell", *_STEPS]
    assert err == ""
    out, _ = shell.run("intent", "show", settled["intent_hash"])
    assert "state      settled: Filled" in out
    out, _ = shell.run("auction", "show", settled["auction_id"])
    assert ", won\n" in out


_STEPS = ["accepted", "auction", "bids", "winner", "submitted", "settled", "received", "better"]


def test_the_minimum_comes_from_a_quote_that_somebody_says_yes_to(shell: Shell) -> None:
    quote = shell.told("quote", "--sell", "1", "XETH", "--for", "USDC", "--slippage", "1%", signs=False)
    assert int(quote["min_amount_out"]) >= int(quote["amount_out"]) * 99 // 100
    swap = ("trade", "--sell", "1", "XETH", "--for", "USDC", "--slippage", "1%", "--approve")
    _, err = shell.signed(*swap, leaves_with=2)
    assert err.startswith("--yes: expected, as there is no terminal to ask on: sign to sell 1 XETH for ")
    settled = shell.told(*swap, "--yes")
    assert int(settled["fill"]["amount_out"]) >= int(settled["intent"]["min_amount_out"]) > 0
    assert settled["improvement"]["over_minimum_bps"] >= 0
    assert isinstance(settled["improvement"]["over_pools_bps"], int)


def test_what_is_not_filled_leaves_with_1_and_the_reason(shell: Shell) -> None:
    out, _ = shell.signed(*_sell(MAX_MINIMUM, "--ttl", "12s", "--approve", "--yes"), leaves_with=1)
    last = out[out.rindex("not filled") :]
    assert "expired: The deadline passed without a fill." in last
    assert "below the signed minimum of 100000 USDC." in out
    assert "best bid" in last


def test_one_that_is_still_open_is_cancelled_with_a_receipt(shell: Shell) -> None:
    opened = shell.told(*_sell(MAX_MINIMUM, "--wait", "3s", "--approve", "--yes"), leaves_with=1)
    assert opened["state"] == "open"
    receipt = CancelReceipt.model_validate(shell.told("intent", "cancel", opened["intent_hash"]))
    with VenueClient(shell.env["INTENDLY_API_URL"]) as venue:
        assert recover(receipt.digest(venue.domain()), receipt.signature) == venue.known_config.receipt_signer
        view: IntentView = venue.get(receipt.intent_hash)
    assert (view.state, receipt.spend_nonce.to) == ("cancelled", venue.known_config.permit2)
    out, _ = shell.signed("intent", "cancel", opened["intent_hash"])
    assert out.startswith("cancelled")
    assert "spend nonce" in out


def test_an_interrupted_trade_says_that_it_lives_and_how_to_cancel_it(shell: Shell) -> None:
    swap = _sell(MAX_MINIMUM, "--approve", "--yes", "--json", "--password-file", str(shell.password_file))
    process = shell.start(*swap)
    assert process.stderr
    while not process.stderr.readline().startswith("accepted"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    err = err.splitlines()[-1]
    assert json.loads(out) == {"error": {"detail": err}, "exit_code": 130}
    said, _, command = err.strip().partition("; to cancel it: intendly ")
    assert said.startswith("interrupted: the intent is still live until ")
    out, _ = shell.signed(*shlex.split(command))
    assert out.startswith("cancelled")


def test_a_mistake_that_the_venue_or_the_chain_tells_of(shell: Shell) -> None:
    for swap, said in (
        (("--sell", "1", "WOKB", "--for", "DAI", "--min", "1"), "--for: expected one of "),
        (
            ("--sell", "0.0000000000000000001", "WOKB", "--for", "USDC", "--min", "1"),
            "--sell: expected at most 18 digits",
        ),
        (("--sell", "1", "WOKB", "--for", "USDC", "--min", "1", "--ttl", "365d"), "--ttl: expected 30d at most"),
        (("--sell", "9000", "WOKB", "--for", "USDC", "--min", "1"), "--sell: expected no more than 0x"),
        (("--sell", "1", "WOKB", "--for", "USDC", "--min", "0.000001", "--approve", "--yes"), "(intent_too_small)"),
    ):
        _, err = shell.signed("trade", *swap, leaves_with=2)
        assert said in err
        assert len(err.splitlines()) == 1
    _, err = shell.run("trade", "--sell", "1", "WOKB", "--for", "USDC", "--min", "1", "--rpc", "x", leaves_with=2)
    assert err.startswith("--password-file: expected a file with the keystore's password, as there is no terminal")
    _, err = shell.run("intent", "show", "0x" + "12" * 32, leaves_with=2)
    assert err.startswith("the venue refuses it (not_found): ")
    told = shell.told("intent", "show", "0x" + "12" * 32, leaves_with=2, signs=False)
    assert (told["error"]["code"], told["exit_code"]) == ("not_found", 2)


def test_a_solver_registers_and_what_is_so_already_is_not_sent_again(shell: Shell) -> None:
    made = shell.told("solver", "register", "--stream")
    assert [each["call"] for each in made["transactions"]] == ["SolverRegistry.register"]
    assert shell.told("solver", "register", "--stream")["transactions"] == []
    moved = shell.told("solver", "register", "--endpoint", "https://solver.example/bids")
    assert [each["call"] for each in moved["transactions"]] == ["SolverRegistry.setEndpoint"]
    keyed = shell.told(
        "solver", "register", "--endpoint", "https://solver.example/bids", "--signing-key", "0x" + "1f" * 20
    )
    assert [each["call"] for each in keyed["transactions"]] == ["SolverRegistry.setKey"]
    listed = shell.told("solver", "list", signs=False)["solvers"]
    assert len([each for each in listed if each["asked_over"] in ("http", "stream")]) >= 2


def test_a_solver_rotates_its_key_and_only_the_new_one_signs_from_then_on(shell: Shell) -> None:
    old, new = Signer(os.urandom(32)), Signer(os.urandom(32))
    solver = Address(shell.told("solver", "register", "--stream", "--signing-key", str(old.address))["solver"])
    with VenueClient(shell.env["INTENDLY_API_URL"]) as venue:
        _wait_until(lambda: venue.solver(solver).signing_key == old.address)
        shell.told("solver", "register", "--stream", "--signing-key", str(new.address))
        _wait_until(lambda: venue.solver(solver).signing_key == new.address)
        opened = _opened(shell, venue)
        assert solver in opened.roster
        with pytest.raises(ApiError) as refused:
            venue.place_bid(_bid_by(old, venue, solver, opened))
        assert refused.value.problem.code == "signature_invalid"
        assert venue.place_bid(_bid_by(new, venue, solver, opened)).created


def _opened(shell: Shell, venue: VenueClient) -> AuctionView:
    """An open auction of an intent that nobody fills; it is open for as long as our solver has not answered."""
    tokens = {token.symbol: token.address for token in venue.tokens()}
    with TraderClient(shell.env["INTENDLY_API_URL"], Signer(os.urandom(32))) as trader:
        intent = trader.build_intent(tokens["WOKB"], 10**18, tokens["USDC"], 10**12)
        trader.submit(trader.sign(intent))
    _wait_until(lambda: venue.get(intent.hash).auction_id is not None)
    auction_id = venue.get(intent.hash).auction_id
    assert auction_id is not None
    return venue.auction(auction_id)


def _bid_by(signer: Signer, venue: VenueClient, solver: Address, opened: AuctionView) -> SignedBid:
    (wanted,) = opened.intents
    bid = Bid(
        legs=(Leg(intent_hash=wanted.intent_hash, amount_out=10**12, fee=wanted.fee),),
        auction_id=opened.auction_id,
        solver=solver,
        executor=Address("0x" + "ee" * 20),
        valid_until=opened.closes_at // 1000 + 5,
        call_data_hash=HexBytes(keccak(b"")),
        gas_limit=100_000,
    )
    return SignedBid(bid=bid, signature=signer.sign(bid.hash(venue.domain())))


def _wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)

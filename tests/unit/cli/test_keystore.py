"""Keys come from an encrypted file or are typed; a mistake is named, and no secret is shown."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from intendly_sdk.calls import spend_nonce
from intendly_sdk.messages import CancelReceipt, IntentState, IntentView
from intendly_sdk.primitives import HexBytes
from intendly_sdk.signatures import Signer
from typer.testing import CliRunner

from cli.keystore import keystore_address, load_signer, read_password
from cli.options import OptionError
from cli.program import app
from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue

KEY = b"\x31" * 32


def _private(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    return _private(tmp_path / "password", "correct horse\n")


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    content = Account.encrypt(KEY, "correct horse", kdf="pbkdf2", iterations=1)
    return _private(tmp_path / "key.json", json.dumps(content))


def test_the_key_of_a_keystore(keystore: Path, password_file: Path) -> None:
    assert load_signer(keystore, password_file).address == keystore_address(keystore)


def test_a_new_keystore_is_its_owners_and_opens_again(tmp_path: Path, password_file: Path) -> None:
    file = tmp_path / "new" / "trader.json"
    arguments = ["key", "new", str(file), "--password-file", str(password_file), "--json"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    told = json.loads(done.stdout)
    assert told == {"address": str(load_signer(file, password_file).address), "keystore": str(file)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    with pytest.raises(OptionError, match="FILE: expected a new file"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert file.read_text() == before


def test_another_password_is_refused(keystore: Path, tmp_path: Path) -> None:
    wrong = _private(tmp_path / "wrong", "battery staple")
    with pytest.raises(OptionError) as refused:
        load_signer(keystore, wrong)
    assert str(refused.value) == f"--keystore: the password does not open {keystore}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "expected Web3 secret storage"),
        (KEY.hex(), "expected Web3 secret storage"),
        ("[]", "expected Web3 secret storage"),
        ('{"version": 1}', "expected Web3 secret storage"),
        ('{"version": 3}', "is damaged"),
        ('{"version": 3, "crypto": {"kdf": "rot13"}}', "is damaged"),
        ('{"version": 3, "crypto": null}', "is damaged"),
    ],
)
def test_what_is_no_keystore_is_refused(content: str, said: str, tmp_path: Path, password_file: Path) -> None:
    with pytest.raises(OptionError, match=f"--keystore: .*{said}") as refused:
        load_signer(_private(tmp_path / "odd", content), password_file)
    assert KEY.hex() not in str(refused.value)


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_a_key_in_the_place_of_a_file_is_not_shown(prefix: str) -> None:
    with pytest.raises(OptionError, match="--keystore: expected a file") as refused:
        load_signer(Path(prefix + KEY.hex()), None)
    assert KEY.hex() not in str(refused.value)


def test_a_password_that_others_can_read_is_refused(password_file: Path, tmp_path: Path) -> None:
    assert read_password(password_file) == "correct horse"
    password_file.chmod(0o644)
    for file, said in (
        (password_file, "can be read by others: chmod 600 it"),
        (tmp_path / "none", "No such file"),
        (_private(tmp_path / "empty", "\n"), "which is empty"),
    ):
        with pytest.raises(OptionError, match=f"--password-file: .*{said}"):
            read_password(file)


def test_nobody_is_asked_without_a_terminal(keystore: Path) -> None:
    """Under pytest standard input is none."""
    with pytest.raises(OptionError, match="--keystore: expected a keystore file, as there is no terminal"):
        load_signer(None, None)
    with pytest.raises(OptionError, match="--password-file: expected a file"):
        load_signer(keystore, None)


def test_a_keystore_without_an_address_does_not_say_whose_it_is(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="does not say whose key it holds; give --account"):
        keystore_address(_private(tmp_path / "anonymous", '{"version": 3}'))
    named = json.dumps({"version": 3, "address": str(samples.SWAPPER.address)})
    assert keystore_address(_private(tmp_path / "named", named)) == samples.SWAPPER.address


def _typed(arguments: list[str], *answers: tuple[bytes, str]) -> tuple[str, str]:
    """Run the program on a terminal of the test's own, answer each question, and return what it printed and what
    the terminal showed."""
    terminal, side = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    said = b""
    with open(terminal, "rb", buffering=0) as screen, process:  # noqa: PTH123
        for question, text in answers:
            seen = len(said)
            while question not in said[seen:]:
                said += screen.read(1_000)
            ends = time.monotonic() + 20
            while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < ends:
                time.sleep(0.01)  # what is typed before it is off is thrown away
            os.write(terminal, text.encode() + b"\n")
        assert process.stdout
        out = process.stdout.read()
        said += screen.read(1_000)
    assert process.returncode == 0, said
    return out.decode(), said.decode()


@pytest.fixture
def cancelling() -> Iterator[list[str]]:
    """The arguments that cancel an intent of KEY's account at a small venue."""
    intent = samples.intent(swapper=Signer(KEY).address)
    view = IntentView(intent_hash=intent.hash, intent=intent, state=IntentState.OPEN, version=1, created_at=1)
    receipt = CancelReceipt(
        intent_hash=intent.hash,
        state=IntentState.CANCELLED,
        not_after=samples.NOW,
        signature=HexBytes(),
        exposure="nobody can fill it",
        spend_nonce=spend_nonce(intent.chain_id, intent.nonce),
    )
    signed = receipt.model_copy(update={"signature": samples.RECEIPTS.sign(receipt.digest(samples.DOMAIN))})

    def answer(method: str, path: str) -> Answer:
        told = samples.config() if path.endswith("/config") else signed if method == "POST" else view
        return 200, told.model_dump(mode="json")

    with http_venue(answer) as venue:
        yield ["intent", "cancel", str(intent.hash), "--api", venue.url]


def test_a_key_that_is_typed_signs_and_is_not_shown(cancelling: list[str]) -> None:
    out, shown = _typed(cancelling, (b"not shown", KEY.hex()))
    assert out.startswith("cancelled")
    assert KEY.hex() not in out + shown


def test_a_password_that_is_typed_is_not_shown(cancelling: list[str], keystore: Path) -> None:
    out, shown = _typed([*cancelling, "--keystore", str(keystore)], (b"password of", "correct horse"))
    assert out.startswith("cancelled")
    assert "horse" not in out + shown


def test_the_password_of_a_new_key_is_asked_twice_and_not_shown(tmp_path: Path, password_file: Path) -> None:
    file = tmp_path / "trader.json"
    out, shown = _typed(["key", "new", str(file)], (b"assword", "correct horse"), (b"Repeat", "correct horse"))
    assert out.strip() == load_signer(file, password_file).address.checksum
    assert "horse" not in out + shown


def test_a_key_signs_for_its_own_account_alone(cancelling: list[str], tmp_path: Path, password_file: Path) -> None:
    content = Account.encrypt(b"\x32" * 32, "correct horse", kdf="pbkdf2", iterations=1)
    other = _private(tmp_path / "other.json", json.dumps(content))
    arguments = [*cancelling, "--keystore", str(other), "--password-file", str(password_file)]
    with pytest.raises(
        OptionError, match=f"--keystore: expected the key of {Signer(KEY).address.checksum}, the swapper"
    ):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_key_is_imported_by_typing_it(tmp_path: Path, password_file: Path) -> None:
    file = tmp_path / "mine.json"
    arguments = ["key", "import", str(file), "--password-file", str(password_file), "--json"]
    out, screen = _typed(arguments, (b"private key", "0x" + KEY.hex()))
    assert json.loads(out) == {"address": str(Signer(KEY).address), "keystore": str(file)}
    assert load_signer(file, password_file).address == Signer(KEY).address
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY.hex() not in out + screen


def _piped(given: bytes | None, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`intendly key import` with this on standard input, or with none at all."""
    command = [sys.executable, "-m", "cli.main", "key", "import", *arguments]
    return subprocess.run(
        command if given is not None else ["sh", "-c", 'exec "$@" <&-', "sh", *command],
        cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("given", [KEY.hex(), f"0x{KEY.hex()}\n", f"\r\n{KEY.hex()}\r\n"])
def test_a_key_is_imported_from_standard_input(given: str, tmp_path: Path, password_file: Path) -> None:
    file = tmp_path / "mine.json"
    done = _piped(given.encode(), str(file), "-", "--password-file", str(password_file))
    assert (done.returncode, done.stdout.decode().strip()) == (0, Signer(KEY).address.checksum), done.stderr
    assert load_signer(file, password_file).address == Signer(KEY).address


@pytest.mark.parametrize("given", [None, b"", b"\n", b"0" * 64, KEY.hex().encode() * 2, b"\xff" * 5_000])
def test_what_is_no_key_on_standard_input_is_told_in_a_line(
    given: bytes | None, tmp_path: Path, password_file: Path
) -> None:
    done = _piped(given, str(tmp_path / "mine.json"), "-", "--password-file", str(password_file))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1), done.stderr
    assert done.stderr.startswith(b"private key: expected")
    assert KEY.hex().encode() not in done.stderr
    assert not (tmp_path / "mine.json").exists()


def test_a_key_that_is_an_argument_is_refused_and_not_shown(tmp_path: Path, password_file: Path) -> None:
    done = _piped(b"", str(tmp_path / "mine.json"), KEY.hex(), "--password-file", str(password_file))
    assert (done.returncode, done.stdout) == (2, b"")
    said = b"-: expected nothing or -, standard input; a key that is an argument can be read by others\n"
    assert done.stderr == said


def test_on_a_terminal_a_key_for_standard_input_is_asked_for_and_not_shown(tmp_path: Path, password_file: Path) -> None:
    arguments = ["key", "import", str(tmp_path / "mine.json"), "-", "--password-file", str(password_file)]
    out, screen = _typed(arguments, (b"private key", KEY.hex()))
    assert out.strip() == Signer(KEY).address.checksum
    assert KEY.hex() not in out + screen


def test_a_keystore_that_others_can_read_is_warned_of(
    keystore: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_signer(keystore, password_file)
    assert capsys.readouterr().err == ""
    for mode in (0o640, 0o604):
        keystore.chmod(mode)
        assert load_signer(keystore, password_file).address == Signer(KEY).address
        assert capsys.readouterr().err == f"warning: {keystore} can be read by others: chmod 600 {keystore}\n"

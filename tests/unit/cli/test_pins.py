"""A command that signs stops at a venue of another chain, or of another Settlement, than the one that was named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account
from intendly_sdk.messages import IntentState, IntentView
from typer.testing import CliRunner

from cli.failures import explained
from cli.program import app
from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue

INTENT = samples.intent()
COMMANDS = {
    "trade": ["--sell", "1", "WETH", "--for", "USDC", "--min", "3000", "--yes"],
    "intent cancel": [str(INTENT.hash)],
}
OTHER = samples.EXECUTOR.checksum


def _answer(_: str, path: str) -> Answer:
    if path.endswith("/tokens"):
        return 200, [token.model_dump(mode="json") for token in (samples.WETH, samples.USDC)]
    if "/intents/" in path:
        view = IntentView(intent_hash=INTENT.hash, intent=INTENT, state=IntentState.OPEN, version=1, created_at=1)
        return 200, view.model_dump(mode="json")
    return 200, samples.config().model_dump(mode="json")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "env", "said"),
    [
        (["--settlement", OTHER], {}, f"expected the settlement {OTHER}"),
        (["--chain-id", "1"], {}, "expected the chain_id 1"),
        ([], {"INTENDLY_SETTLEMENT": OTHER}, f"expected the settlement {OTHER}"),
        ([], {"INTENDLY_CHAIN_ID": "1"}, "expected the chain_id 1"),
    ],
)
def test_nothing_is_sent_to_another_venue(
    command: str, options: list[str], env: dict[str, str], said: str, tmp_path: Path
) -> None:
    keystore, password = tmp_path / "key.json", tmp_path / "password"
    key = samples.SWAPPER_KEY
    keystore.write_text(json.dumps(Account.encrypt(key, "correct horse", kdf="pbkdf2", iterations=1)))
    password.write_text("correct horse\n")
    for file in (keystore, password):
        file.chmod(0o600)
    with http_venue(_answer) as venue:
        key_options = ["--keystore", str(keystore), "--password-file", str(password), "--api", venue.url]
        done = CliRunner().invoke(app, [*command.split(), *COMMANDS[command], *key_options, *options], env=env)
        assert "POST" not in {method for method, _, _ in venue.asked}
    assert isinstance(done.exception, Exception)
    reason = explained(done.exception)
    assert reason is not None
    assert said in reason[1]

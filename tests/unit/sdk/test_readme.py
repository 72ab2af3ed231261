"""The README's example runs as it stands there, in a process of its own, against a small venue."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from intendly_sdk.messages import FillView, Intent, IntentState, IntentView
from intendly_sdk.primitives import ZERO_HASH

from tests.unit.sdk import samples
from tests.unit.sdk.venue import Answer, http_venue

_README = (Path(__file__).parents[3] / "sdk" / "README.md").read_text()
_KEY = "11" * 32


def _example(name: str) -> str:
    (code,) = re.findall(rf"```python {name}\n(.*?)```", _README, re.DOTALL)
    return str(code)


def _plain(model: object) -> object:
    return json.loads(model.model_dump_json())  # type: ignore[attr-defined]


def test_the_trader_trades() -> None:
    posted: list[Intent] = []

    def answer(method: str, path: str) -> Answer:
        if path.endswith("/config"):
            return 200, _plain(samples.config())
        if path.endswith("/tokens"):
            return 200, [_plain(samples.WETH.model_copy(update={"symbol": "XETH"})), _plain(samples.USDC)]
        if method == "POST":
            posted.append(Intent.model_validate_json(json.dumps(json.loads(venue.asked[-1][2])["intent"])))
            return 202, _plain(samples.receipt(posted[0].hash))
        return 200, _plain(_settled(posted[0]))

    with http_venue(answer) as venue:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _example("trader")],
            env={"INTENDLY_API_URL": venue.url, "TRADER_KEY": _KEY},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("received 3001000000 in 0x")
    assert posted[0].min_amount_out == 1_500 * 10**6


def _settled(intent: Intent) -> IntentView:
    fill = FillView(
        bid_hash=ZERO_HASH,
        solver=samples.SOLVER.address,
        amount_out=3_001 * 10**6,
        fee=0,
        tx_hash=ZERO_HASH,
        block_number=1,
        block_hash=ZERO_HASH,
        confirmations=1,
        final=False,
    )
    return IntentView(
        intent_hash=intent.hash, intent=intent, state=IntentState.SETTLED, version=3, created_at=1, fill=fill
    )

"""The documents' tables of codes have every code of the code, and none besides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from intendly_sdk import typed_data
from intendly_sdk.messages import BidFate, EventKind, RosterAnswer

from intendly.domain.errors import VenueError
from intendly.domain.reasons import Reason
from intendly.services.auction_ports import AskFailed
from intendly.settings import Settings
from web.problems import FRAMEWORK, INTERNAL, MALFORMED_JSON

DOCS = Path(__file__).parents[2] / "docs"
FAMILIES = {"refused", "conflict", "venue_error"}


def _kinds(error: type[VenueError]) -> list[type[VenueError]]:
    return [error, *(kind for below in error.__subclasses__() for kind in _kinds(below))]


ERRORS = {kind.code: kind for kind in _kinds(VenueError)}
STATUS = (
    {code: status for status, (code, _) in FRAMEWORK.items()}
    | {code: status for status, code, _ in (INTERNAL, MALFORMED_JSON)}
    | {code: kind.status for code, kind in ERRORS.items()}
)


def _section(document: str, *headings: str) -> str:
    parts = re.split(r"^## (.*)\n", (DOCS / document).read_text(), flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    return "".join(told[heading] for heading in headings)


def _first_cells(text: str) -> list[str]:
    rows = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`([\w.]+)`", row)]


_TABLES = _section("errors.md", "Requests", "Quotes and intents", "Bids and the stream")
_ROWS = re.findall(r"^\| `(\w+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|$", _TABLES, re.MULTILINE)


def test_every_code_has_a_row_with_its_status() -> None:
    assert sorted((code, int(status)) for code, status, _, _ in _ROWS) == sorted(
        (code, status) for code, status in STATUS.items() if code not in FAMILIES
    )
    assert len(_first_cells(_TABLES)) == len(_ROWS), "a row of another form"
    for family in FAMILIES:
        assert f"`{family}` ({STATUS[family]})" in _TABLES


@pytest.mark.parametrize(("code", "meaning"), [(code, meaning) for code, _, meaning, _ in _ROWS if code in ERRORS])
def test_what_a_code_means_is_the_title_that_is_answered(code: str, meaning: str) -> None:
    assert meaning == ERRORS[code].title


def test_every_reason_is_told_once() -> None:
    assert sorted(_first_cells(_section("errors.md", "Why an intent is not filled"))) == sorted(Reason)


def test_every_event_is_told_once() -> None:
    assert sorted(_first_cells(_section("wire.md", "The stream"))) == sorted(EventKind)


def test_every_fate_is_told_once() -> None:
    assert sorted(_first_cells(_section("solvers.md", "What a fate means"))) == sorted(BidFate)


def test_every_code_of_an_ask_in_vain_is_told_once() -> None:
    codes = get_args(get_type_hints(AskFailed)["code"])
    assert sorted(_first_cells(_section("solvers.md", "What became of an answer over HTTP"))) == sorted(codes)
    assert not set(codes) & set(STATUS), "one that a bid is refused with too"
    words = RosterAnswer.__doc__ or ""
    assert all(f"`{code}`" in words for code in codes)


@pytest.mark.parametrize("name", ["PERMIT", "CANCEL", "BID", "STREAM_LOGIN", "INTENT_RECEIPT", "CANCEL_RECEIPT"])
def test_the_types_that_clients_sign_or_check_are_told(name: str) -> None:
    assert f"\n{getattr(typed_data, f'{name}_TYPE')}\n" in _section("wire.md", "Signing")


def test_every_budget_is_told_with_its_default() -> None:
    rows = re.findall(
        r"\| ([\d,]+) in (?:a|(\d+)) (second|minutes?) \| (LIMIT_\w+) \|$",
        _section("limits.md", "Budgets"),
        re.MULTILINE,
    )
    told = {name: f"{most.replace(',', '')}/{periods}{unit}" for most, periods, unit, name in rows}
    assert told == {
        name.upper(): field.default for name, field in Settings.model_fields.items() if name.startswith("limit_")
    }
    promised = ("10/minute", "50/second", "100/15minutes")
    assert tuple(told[f"LIMIT_{name}"] for name in ("SWAPPER_INTENTS", "SOLVER_BIDS", "ADDRESS_WRITES")) == promised

"""Every line carries its ids and no secret, whoever wrote it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import structlog

from intendly.adapters.observability import secret_mask
from intendly.adapters.observability.logging import Format, configure_logging

KEY = "0x" + "ab" * 32


@pytest.fixture(autouse=True)
def logging_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secret_mask, "_hidden", set())
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = before, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_lines_and_the_libraries_carry_the_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("backend-relayer")
    with structlog.contextvars.bound_contextvars(request_id="r1", intent_hash="0x12"):
        structlog.get_logger("ours").info("intent.accepted", amount_in=2**200)
        logging.getLogger("celery.worker").warning("%s tasks lost", 3)
    ours, library = lines(capsys)
    assert ours["message"] == "intent.accepted"
    assert ours["amount_in"] == 2**200
    assert library["message"] == "3 tasks lost"
    for line in (ours, library):
        assert (line["request_id"], line["intent_hash"], line["process"]) == ("r1", "0x12", "backend-relayer")
        assert {"timestamp", "level", "logger"} <= line.keys()


def test_the_level_holds(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("x", "WARNING")
    structlog.get_logger("ours").info("not this")
    logging.getLogger("alembic.runtime").info("nor this")
    structlog.get_logger("ours").warning("this")
    assert [line["message"] for line in lines(capsys)] == ["this"]


def test_lines_that_are_held_come_together_and_before_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("x", held_s=0.05)
    log = structlog.get_logger("ours")
    log.info("first")  # is written at once, by a thread
    ends, seen = time.monotonic() + 5, lines(capsys)
    while not seen and time.monotonic() < ends:
        seen = lines(capsys)
    log.info("second")
    log.info("third")
    assert lines(capsys) == []
    log.warning("fourth")
    assert [line["message"] for line in seen + lines(capsys)] == ["first", "second", "third", "fourth"]
    log.info("fifth")
    until = time.monotonic() + 5
    while not (seen := lines(capsys)) and time.monotonic() < until:
        time.sleep(0.01)
    assert [line["message"] for line in seen] == ["fifth"]


def test_what_is_held_at_the_end_of_a_process_is_written() -> None:
    program = """
import structlog
from intendly.adapters.observability.logging import configure_logging
configure_logging("x", held_s=60)
log = structlog.get_logger("ours")
for number in range(3):
    log.info(f"line {number}")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert [json.loads(line)["message"] for line in said.splitlines()] == ["line 0", "line 1", "line 2"]


def test_the_console_style_is_plain_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("x", style="console")
    structlog.get_logger("ours").info("intent.accepted", swapper="0x1")
    line = capsys.readouterr().err
    assert "intent.accepted" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_secret_comes_through(style: Format, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("x", style=style)
    secret_mask.hide(KEY)
    log = structlog.get_logger("ours")
    log.info("a", database_url="postgresql://intendly:hunter22@db:5432/x", private_key="hunter22")
    log.info("b", nested={"password": "hunter22", "urls": ["redis://:hunter22@cache:6379/0"]}, signature="0xhunter22")
    log.info("c", tx_hash="0x" + "cd" * 32, text=f"signed with {KEY[2:]}")
    logging.getLogger("lib").error("connect to %s failed, password=hunter22", "amqp://u:hunter22@mq/")
    try:
        raise ValueError(f"bad key {KEY} for redis://:hunter22@cache")
    except ValueError:
        log.exception("d")
        logging.getLogger("lib").exception("e")
    text = capsys.readouterr().err
    assert "hunter22" not in text
    assert KEY[2:] not in text
    assert "cd" * 32 in text
    assert "intendly:***@db:5432" in text
    assert text.count("ValueError") >= 2

"""Flower as operators use it: behind a log-in, on the loopback address, bounded, and with a memory."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from celery import Celery

from intendly.adapters.embedded.ports import free_port
from intendly.adapters.queue import celery_settings
from tests.integration.venue_process import ROOT, VenueProcess
from workers.flower import MAX_TASKS, MAX_WORKERS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

USER, PASSWORD = "watcher", "of,the:queue"
NOUN_VERB = re.compile(r"[a-z]+\.[a-z]+")


class Watched:
    """Flower on one Redis, with a client that may log in or not."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self._urls, self.folder = (database_url, redis_url), folder
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"

    def process(self) -> VenueProcess:
        told = {"FLOWER_USER": USER, "FLOWER_PASSWORD": PASSWORD, "FLOWER_PORT": str(self.port)}
        return VenueProcess("workers.flower", *self._urls, self.folder, (), f"{self.root}/healthcheck", told)

    def get(self, path: str, auth: tuple[str, str] | None = (USER, PASSWORD)) -> httpx.Response:
        return httpx.get(f"{self.root}{path}", auth=auth, trust_env=False, timeout=20)

    def tasks(self) -> dict[str, dict[str, Any]]:
        told: dict[str, dict[str, Any]] = self.get("/api/tasks?limit=100000").json()
        return told


def until(what: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait until `what` is true."""
    ends = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.1)


@pytest.fixture
def flower(database_url: str, redis_url: str, tmp_path: Path) -> Watched:
    return Watched(database_url, redis_url, tmp_path)


@pytest.fixture
def venue_at_work(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[None]:
    """A worker and a beat."""
    port = free_port()
    arguments = ("auctions", "--health-port", str(port))
    health = f"http://127.0.0.1:{port}/health/live"
    with (
        VenueProcess("workers.coordinator", database_url, redis_url, tmp_path, arguments, health),
        VenueProcess("workers.beat", database_url, redis_url, tmp_path),
    ):
        yield


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "FLOWER_PASSWORD: not set; expected the password"),
        ({"FLOWER_PASSWORD": ""}, "FLOWER_PASSWORD: not set; expected the password"),
        ({"FLOWER_PASSWORD": "gänse"}, "FLOWER_PASSWORD: expected ASCII characters alone"),
        ({"FLOWER_PASSWORD": " " * 20}, "FLOWER_PASSWORD: expected 8 characters or more"),
        ({"FLOWER_PASSWORD": "  geese12 "}, "FLOWER_PASSWORD: expected 8 characters or more"),
        (
            {"FLOWER_PASSWORD": "wild geese", "FLOWER_USER": "a:b"},
            "FLOWER_USER: expected ASCII characters without a colon",
        ),
        ({"FLOWER_PASSWORD": "wild geese", "FLOWER_USER": "gänse"}, "FLOWER_USER: expected ASCII characters"),
        ({"FLOWER_PASSWORD": "wild geese", "FLOWER_PORT": "x"}, "FLOWER_PORT: expected a whole number"),
    ],
)
def test_it_does_not_start_without_a_log_in_that_can_be_used(given: dict[str, str], named: str, tmp_path: Path) -> None:
    where = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", "RPC_URLS": "http://"}
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **where, **given}
    command = [sys.executable, "-m", "workers.flower"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(f"settings: {named}")
    assert "geese" not in ended.stderr
    assert given.get("FLOWER_PASSWORD") != "gänse" or "gänse" not in ended.stderr


def test_a_port_that_is_taken_is_named(flower: Watched) -> None:
    with flower.process(), flower.process() as second:
        assert second.process.wait(20) == 2
        assert second.said().startswith(f"settings: FLOWER_PORT: expected a free port of 127.0.0.1, got {flower.port} ")


def test_only_who_logs_in_sees_the_queue(flower: Watched) -> None:
    with flower.process() as process:
        for path in ("/", "/workers", "/tasks", "/broker", "/api/workers", "/api/tasks"):
            assert flower.get(path, None).status_code == 401
            assert flower.get(path, (USER, "of")).status_code == 401
            assert flower.get(path, ("", "")).status_code == 401
            assert flower.get(path).status_code == 200
        for path in ("/healthcheck", "/metrics"):
            assert flower.get(path, None).status_code == 200
        assert flower.get("/api/workers?refresh=1").status_code == 200
        said = [json.loads(line) for line in process.said().splitlines()]
        assert not [line for line in said if "Inspect method" in line["message"]], "nobody is there to be asked yet"
        assert {line["process"] for line in said} == {"flower"}
        assert not [line for line in said if line["message"].startswith("200 ")]
        assert PASSWORD not in process.said()
        assert PASSWORD not in " ".join(psutil.Process(process.process.pid).cmdline())


def test_it_listens_on_the_loopback_address_alone(flower: Watched) -> None:
    with flower.process() as process:
        listening = psutil.Process(process.process.pid).net_connections("tcp")
        assert {each.laddr.ip for each in listening if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_it_shows_and_does_nothing(flower: Watched) -> None:
    with flower.process():
        for path in ("/api/task/async-apply/auctions.close", "/api/task/send-task/auctions.close"):
            answer = httpx.post(f"{flower.root}{path}", auth=(USER, PASSWORD), json={}, trust_env=False)
            assert answer.status_code == 403


@pytest.mark.usefixtures("venue_at_work")
def test_each_task_is_a_noun_and_a_verb_without_arguments_and_outlives_a_restart(flower: Watched) -> None:
    with flower.process() as process:
        until(lambda: len({task["name"] for task in flower.tasks().values()}) >= 3)
        seen = flower.tasks()
        page = flower.get(f"/task/{next(iter(seen))}").text
        assert process.terminate() < 10
        assert process.process.returncode == 0
    state = flower.folder / "flower"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700, "who writes there runs code in it"
    for task in seen.values():
        assert NOUN_VERB.fullmatch(task["name"])
        assert (task["args"], task["kwargs"]) in {("()", "{}"), (None, None)}
        assert task["result"] is None or task["result"].isdecimal(), "how much it did, and nothing else"
    assert seen[next(iter(seen))]["name"] in page
    with flower.process():
        assert seen.keys() <= flower.tasks().keys()


def test_it_keeps_so_many_tasks_and_no_more(flower: Watched, redis_url: str) -> None:
    with flower.process(), closing(Celery()) as app:
        until(lambda: "flower_events_total" in flower.get("/metrics").text)
        app.conf.update(celery_settings(redis_url))
        with app.connection() as connection, app.events.Dispatcher(connection, hostname="test") as events:

            def is_told() -> bool:
                """Told anew each time: Flower may answer before it listens."""
                events.send("task-succeeded", uuid="begun before Flower", result=1, runtime=0.1)
                events.send("task-received", uuid="the first", name="auctions.close")
                return "the first" in flower.tasks()

            until(is_told)
            assert flower.tasks().keys() == {"the first"}
            for number in range(MAX_TASKS):
                events.send("task-received", uuid=f"task {number}", name="auctions.close")
        until(lambda: f"task {MAX_TASKS - 1}" in flower.tasks())
        kept = flower.tasks()
        assert len(kept) == MAX_TASKS
        assert "the first" not in kept


def test_it_keeps_so_many_workers_and_no_more(flower: Watched, redis_url: str) -> None:
    def known() -> list[str]:
        return [worker["hostname"] for worker in flower.get("/workers?json=1").json()["data"]]

    with flower.process(), closing(Celery()) as app:
        until(lambda: "flower_events_total" in flower.get("/metrics").text)
        app.conf.update(celery_settings(redis_url))
        with app.connection() as connection:
            with app.events.Dispatcher(connection, hostname="worker0@test") as events:

                def is_told() -> bool:
                    """Told anew each time: Flower may answer before it listens."""
                    events.send("worker-heartbeat", freq=2.0, active=0, processed=0)
                    return known() == ["worker0@test"]

                until(is_told)
            for number in range(1, MAX_WORKERS + 1):
                with app.events.Dispatcher(connection, hostname=f"worker{number}@test") as events:
                    events.send("worker-heartbeat", freq=2.0, active=0, processed=0)
        until(lambda: f"worker{MAX_WORKERS}@test" in known())
        assert len(known()) == MAX_WORKERS
        assert "worker0@test" not in known()

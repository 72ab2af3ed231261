"""backend-relayer as production runs it: gunicorn with its configuration, over a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from intendly_sdk.signatures import Signer

from intendly.adapters.embedded.ports import free_port
from intendly.settings import Settings
from tests.external import Chain, RedisServer
from tests.integration.venue_process import write_keys
from tests.integration.web.world import DEPLOYMENT, Rows

ROOT = Path(__file__).parents[3]
# A test asks more than one swapper at one address does; those about budgets set their own.
UNBOUND = {name.upper(): "1000000/second" for name in Settings.model_fields if name.startswith("limit_")}


@dataclass(frozen=True)
class Relayer:
    """A running backend-relayer, its database, and where its log goes."""

    url: str
    rows: Rows
    log: Path
    pid: int
    http: httpx.Client

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def post(self, path: str, body: bytes | str, **headers: str) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        return self.http.post(self.api + path, content=content, headers={"content-type": "application/json", **headers})

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(self.api + path, params=params)

    def logged(self, word: str) -> list[str]:
        """The lines of log with `word` in them, once there are any: lines are held back for a moment."""
        ends, found = time.monotonic() + 10, list[str]()
        while not found and time.monotonic() < ends:
            found = [line for line in self.log.read_text().splitlines() if word in line]
        return found


@pytest.fixture(scope="module")
def solver() -> Signer:
    return Signer(b"\x51" * 32)


@pytest.fixture(scope="module")
def rival() -> Signer:
    return Signer(b"\x52" * 32)


@pytest.fixture
def swapper() -> Signer:
    return Signer(os.urandom(32))


@pytest.fixture(scope="module")
def relayer(
    module_database_url: str,
    valkey: RedisServer,
    anvil: Chain,
    tmp_path_factory: pytest.TempPathFactory,
    solver: Signer,
    rival: Signer,
) -> Iterator[Relayer]:
    """backend-relayer with two workers, beside a chain without contracts."""
    rows = Rows(module_database_url)
    rows.seed(solver, rival)
    folder = tmp_path_factory.mktemp("relayer")
    with running_relayer(rows, valkey.url_of(9), folder, RPC_URLS=anvil.rpc_url) as one:
        yield one


class running_relayer:  # noqa: N801 - reads as what it is in a with statement
    """Starts gunicorn, waits until it is ready, and stops it."""

    def __init__(self, rows: Rows, redis_url: str, folder: Path, **settings: str) -> None:
        self._rows, self._redis_url, self._folder, self._settings = rows, redis_url, folder, settings

    def __enter__(self) -> Relayer:
        folder = self._folder
        (folder / "deployment.json").write_text(DEPLOYMENT.model_dump_json())
        write_keys(folder)
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABASE_URL": self._rows.url,
            "REDIS_URL": self._redis_url,
            "RPC_URLS": "http://127.0.0.1:1",
            "DATA_DIR": str(folder),
            "RELAYER_PORT": str(port),
            **UNBOUND,
            **self._settings,
        }
        log = folder / "relayer.log"
        command = [sys.executable, "-m", "gunicorn", "-c", "web/gunicorn.conf.py"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        url = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(timeout=10, trust_env=False)
        self._wait(url, log)
        return Relayer(url, self._rows, log, self._process.pid, self._http)

    def _wait(self, url: str, log: Path) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self._process.poll() is None, log.read_text()
            try:
                if self._http.get(f"{url}/health/live").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(log.read_text())

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

"""One of the venue's processes as it runs in production, beside a database and a Redis of the test's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from tests.integration.web.world import DEPLOYMENT

ROOT = Path(__file__).parents[2]
AUCTIONEER_KEY, RECEIPT_KEY = b"\xa1" * 32, b"\xa2" * 32


def write_keys(folder: Path) -> None:
    """The keys that a process may be told to sign with."""
    for name, key in (("auctioneer", AUCTIONEER_KEY), ("receipts", RECEIPT_KEY)):
        file = folder / "keys" / f"{name}.key"
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(key.hex())


@dataclass
class VenueProcess:
    """Runs `python -m MODULE ARGUMENTS` within a with block, its log in `folder`."""

    module: str
    database_url: str
    redis_url: str
    folder: Path
    arguments: tuple[str, ...] = ()
    health_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.module}-{id(self)}.log"

    def __enter__(self) -> Self:
        (self.folder / "deployment.json").write_text(DEPLOYMENT.model_dump_json())
        write_keys(self.folder)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "RPC_URLS": "http://127.0.0.1:1",
            "DATA_DIR": str(self.folder),
            **self.settings,
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if self.health_url:
            self.wait_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.terminate()

    def wait_ready(self, timeout_s: float = 30) -> None:
        """Until its health says that it can work."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            assert self.process.poll() is None, self.said()
            try:
                if httpx.get(self.health_url, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.said())

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-6_000:]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """kill -9 of it and of all that it forked."""
        family = [*self.children(), psutil.Process(self.process.pid)]
        for one in family:
            one.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=5)

    def terminate(self, timeout_s: float = 20) -> float:
        """SIGTERM; how many seconds the end took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"it did not end within {timeout_s} s\n{self.said()}") from None
        return time.monotonic() - began

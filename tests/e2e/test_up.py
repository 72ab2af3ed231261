"""`intendly up` as its operator meets it: every process answers, what dies comes back, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.e2e.up import intendly_up
from tests.integration.embedded.conftest import descendants, wait_gone

pytestmark = pytest.mark.e2e


def _status(url: str, auth: tuple[str, str] | None = None) -> int:
    return httpx.get(url, auth=auth, timeout=10, trust_env=False).status_code


def _leader(name: str, family: list[int]) -> int:
    """The first process of the family whose command line has `name` in it."""
    return next(pid for pid in family if name in Path(f"/proc/{pid}/cmdline").read_text())


def test_the_venue_runs_comes_back_and_goes(world_folder: Path) -> None:
    data = world_folder / "data"
    with intendly_up(data) as up:
        up.wait_line(r"supervisor +\| ready$")
        known = r"^supervisor|runs_as_root|solver_private_addresses_allowed|is used instead$"
        noise = [line for line in up.lines if not re.search(known, line)]
        assert noise == [], "before it is ready it says how far it is, and what is wrong, and no more"
        api = up.wait_line(r"API +(http://\S+?)/api/v1$").group(1)
        stream = up.wait_line(r"stream +ws(://\S+?)/api/v1/stream").group(1)
        coordinators = [up.wait_line(r"health +(http://\S+)/health +backend-coordinator/").group(1) for _ in range(3)]
        flower = up.wait_line(r"Flower +(http://\S+) +operator, password in \S+/flower.password").group(1)
        up.wait_line(r"chain +http://\S+ +chain id 31337$")
        up.wait_line(r"database +postgresql://\S+:\*\*\*@\S+ +password in \S+/postgres.password$")
        up.wait_line(rf"export INTENDLY_API_URL={api} RPC_URL=http://\S+$")
        up.wait_line("Ctrl-C stops everything")
        for root in (api, f"http{stream}", *coordinators):
            assert _status(f"{root}/health") == 200
            assert _status(f"{root}/metrics") == 200
        password = (data / "keys" / "flower.password").read_text().strip()
        assert _status(f"{flower}/api/workers") == 401
        assert _status(f"{flower}/api/workers", ("operator", password)) == 200

        os.kill(_leader("web/gunicorn.conf.py", descendants(up.process.pid)), signal.SIGKILL)
        up.wait_line(r"supervisor +\| backend-relayer was ended by SIGKILL; starting it again")
        up.wait_line(r"backend-relayer +\|.*Listening at")

        assert password not in "\n".join(up.lines)
        family = descendants(up.process.pid)
        up.process.kill()
        wait_gone(family)

    with intendly_up(data, "--no-solvers") as up:  # on what the killed one left
        up.wait_line("Ctrl-C stops everything")
        os.kill(_leader("valkey-server", descendants(up.process.pid)), signal.SIGKILL)
        up.wait_line(r"supervisor +\| valkey ended by itself; see \S+/valkey.log; everything stops$")
        up.wait_line(r"^valkey ended by itself; see \S+/valkey.log$")
        assert up.process.wait(30) == 1
        assert "Traceback" not in "\n".join(up.lines), "the reason is said, and not what comes of it"

    with intendly_up(data) as up:
        up.wait_line("Ctrl-C stops everything")
        family = descendants(up.process.pid)
        up.process.send_signal(signal.SIGTERM)
        up.wait_line("^stopped$")
        assert up.process.wait(30) == 0
        wait_gone(family, 1)

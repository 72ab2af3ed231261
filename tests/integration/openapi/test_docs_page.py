"""/api/openapi.json and the page that shows it, in a real browser."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.integration.web.conftest import ROOT, Relayer

pytestmark = pytest.mark.integration
BROWSER = ROOT / "tests" / "browser"


def test_the_document_is_kept_by_its_etag(relayer: Relayer) -> None:
    first = relayer.http.get(f"{relayer.url}/api/openapi.json")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json()["openapi"] == "3.1.0"
    again = relayer.http.get(f"{relayer.url}/api/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_shows_every_operation_and_asks_nobody_else(relayer: Relayer) -> None:
    command = [str(ROOT / ".venv" / "bin" / "node"), "operations.mjs", f"{relayer.url}/api/docs"]
    done = subprocess.run(command, cwd=BROWSER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    document = relayer.http.get(f"{relayer.url}/api/openapi.json").json()
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {tuple(one) for one in seen["shown"]} == operations
    assert seen["errors"] == []
    assert [url for url in seen["asked"] if not url.startswith((relayer.url, "data:"))] == []


def test_only_the_pages_own_files_are_served(relayer: Relayer) -> None:
    assert relayer.http.get(f"{relayer.url}/api/docs/start.js").status_code == 200
    for path in ("swagger-ui.js", "../openapi/pages.py", "%2e%2e/document.py", "index.html"):
        answer = relayer.http.get(f"{relayer.url}/api/docs/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_page_may_load_nothing_from_elsewhere(relayer: Relayer) -> None:
    policy = relayer.http.get(f"{relayer.url}/api/docs").headers["content-security-policy"]
    directives = {name: set(sources) for name, *sources in (each.split() for each in policy.split(";"))}
    assert directives["default-src"] == {"'none'"}
    assert directives["script-src"] == {"'self'"}
    assert set.union(*directives.values()) == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    # Of a page on 127.0.0.1 the validator is not asked anyway, so a browser of ours can't tell.
    assert "validatorUrl: null" in relayer.http.get(f"{relayer.url}/api/docs/start.js").text

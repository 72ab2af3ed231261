"""The documents name files that exist: a walk through the house must not end at a missing door."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")])
_PATH = re.compile(r"`([\w./-]+/|[\w./-]+\.(?:py|sol|md|yml|toml|mjs|json))`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.fixture(scope="module")
def files() -> list[str]:
    """Every file that git tracks or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def _stands(name: str, files: list[str]) -> bool:
    """A file's path may be shortened to its end, a folder's to any part."""
    if name.endswith("/"):
        return any(f"/{name}" in f"/{file}" for file in files)
    return any(f"/{file}".endswith(f"/{name}") for file in files)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_files_that_a_document_names_exist(document: Path, files: list[str]) -> None:
    named = set(_PATH.findall(document.read_text()))
    missing = [name for name in named if not (_stands(name, files) or (document.parent / name).exists())]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    broken = [link for link in _LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert broken == []

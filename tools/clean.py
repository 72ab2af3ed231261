"""`make clean`: removes the data folder and what builds left, unless the data is in use. Standard library only."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_MADE = (
    ".data", "contracts/out", "contracts/out-permit2", "contracts/cache", "contracts/cache-permit2", "dist",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", ".tools/stamps/contracts",
    "clients/ts/dist",
)  # fmt: skip
_INSTALLED = (".venv", ".tools", "contracts/node_modules", "tests/browser/node_modules", "clients/ts/node_modules")


def main(arguments: list[str]) -> int:
    for lock in (ROOT / ".data").glob("*.lock"):
        if holder := _held_by(lock):
            print(f"{lock.relative_to(ROOT)} is held by process {holder}: stop it first", file=sys.stderr)
            return 1
    for name in (*_MADE, *(_INSTALLED if "--all" in arguments else ())):
        path = ROOT / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return 0


def _held_by(lock: Path) -> str | None:
    with lock.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return stream.read().strip() or "?"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

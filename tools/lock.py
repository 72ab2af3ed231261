"""`make lock`: writes requirements.lock and tools/uv.lock anew, with hashes, and with no address or path in them.

Packages stay at the versions in the lock where pyproject.toml allows it; name some to move them:
`make lock UPGRADE="flask celery"`, or `UPGRADE=all`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
_COMPILE = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--python-version", "3.11")
# The comment that names the draft of our own pyproject.toml, in a folder that is gone.
_OWN = re.compile(r" *#(?: +via)? +\S+ \(/[^)]*pyproject\.toml\)\n")
_EMPTY_VIA = re.compile(r" *# via\n(?! *#   )")


def main(upgrade: list[str]) -> None:
    """Write both files."""
    moves = [word for name in upgrade for word in (["--upgrade"] if name == "all" else ["--upgrade-package", name])]
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder, "pyproject.toml")
        text = (ROOT / "pyproject.toml").read_text()
        ours.write_text("".join(line for line in text.splitlines(keepends=True) if '"intendly-sdk"' not in line))
        draft = Path(folder, "requirements.lock")
        draft.write_text((ROOT / "requirements.lock").read_text())
        extras = ("--extra", "embedded", "--extra", "dev")
        sources = (str(ours), str(ROOT / "sdk" / "pyproject.toml"))
        subprocess.run([UV, *_COMPILE, *extras, *moves, *sources, "-o", draft], check=True, cwd=ROOT)
        (ROOT / "requirements.lock").write_text(without_paths(draft.read_text()))
    pinned = (ROOT / "tools" / "uv.in").read_bytes()
    subprocess.run([UV, *_COMPILE, "--no-annotate", "-", "-o", "tools/uv.lock"], check=True, cwd=ROOT, input=pinned)


def without_paths(lock: str) -> str:
    """The lock without the comments that name files."""
    return _EMPTY_VIA.sub("", _OWN.sub("", lock))


if __name__ == "__main__":
    main(sys.argv[1:])

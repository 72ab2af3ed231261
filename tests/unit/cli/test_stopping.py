"""What an interrupt leaves behind on the terminal: what the program says, and nothing else."""

from __future__ import annotations

import subprocess
import sys

from cli.processes import ROOT

_INTERRUPTED = """
import asyncio, signal
from cli.stopping import stopped_once

async def never():
    pass

def run(coroutine):
    signal.raise_signal(signal.SIGINT)
    asyncio.run(coroutine)

try:
    with stopped_once():
        run(never())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_before_a_coroutine_starts_says_nothing_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", _INTERRUPTED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")

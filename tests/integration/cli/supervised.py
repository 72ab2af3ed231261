"""A supervisor in a process of its own, of a server and of a process that forks: `python -m …supervised PORT`.

Prints the numbers of all that runs when it is ready, then waits to be killed or told to stop.
"""

from __future__ import annotations

import os
import sys
import time

from cli.stopping import stopped_once
from cli.supervisor import ProcessSpec, Supervisor

ENV = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
FORKS = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"


def server(port: int, name: str = "server", rank: int = 0) -> ProcessSpec:
    argv = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", "/proc/self/fd")
    return ProcessSpec(name, argv, ENV, f"http://127.0.0.1:{port}/", ready_timeout_s=20, stop_rank=rank)


def forking(name: str = "forking") -> ProcessSpec:
    return ProcessSpec(name, (sys.executable, "-c", FORKS), ENV)


def main(port: int) -> None:
    try:
        with stopped_once(), Supervisor([server(port), forking()], lambda _name, _line: None) as supervisor:
            supervisor.wait_ready()
            print("ready", flush=True)  # noqa: T201 - read by the test
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        print("stopped", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))

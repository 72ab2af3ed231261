"""Runs the embedded parts in a process of its own: `python -m tests.integration.embedded.holder FOLDER`.

Prints one line of JSON when they are ready, then waits to be killed, or for its stdin to end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from intendly.adapters.embedded import embedded_parts


def main(folder: str) -> None:
    with embedded_parts(Path(folder)) as parts:
        assert parts.postgres
        assert parts.valkey
        assert parts.anvil
        running = {
            "pids": [parts.postgres.child.pid, parts.valkey.child.pid, parts.anvil.child.pid],
            "postgres": parts.postgres.url,
            "valkey": parts.valkey.url,
            "anvil": parts.anvil.rpc_url,
        }
        print(json.dumps(running), flush=True)  # noqa: T201 - read by the test
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])

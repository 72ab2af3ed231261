"""The floor of the API: a Flask endpoint that parses the same JSON and answers as much, and one that only answers."""

from __future__ import annotations

from flask import Flask, Response, request
from pydantic_core import to_json

ANSWER = to_json({"intent_hash": "0x" + "11" * 32, "state": "open", "created": True, "receipt": "0x" + "22" * 200})


def create_app() -> Flask:
    """Without anything of ours: no metrics, no log, no limits."""
    app = Flask("bare", static_folder=None)

    @app.post("/bare")
    def parse() -> Response:
        request.get_json()
        return Response(ANSWER, status=202, content_type="application/json")

    @app.get("/bare/<name>")
    def answer(name: str) -> Response:
        return Response(ANSWER, content_type="application/json", headers={"x-name": name})

    return app

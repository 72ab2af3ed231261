"""`make openapi`: writes docs/openapi.json, the API's document, and docs/stream.json, that of the stream, anew.

With `--release`, at a release, it writes docs/openapi-released.json too: what later documents must not break.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from flask import Flask

from intendly.settings import Settings
from tools import stream_document
from web.app import add_routes
from web.openapi.document import document

ROOT: Final = Path(__file__).resolve().parents[1]
CURRENT: Final = ROOT / "docs" / "openapi.json"
RELEASED: Final = ROOT / "docs" / "openapi-released.json"


def generated() -> dict[str, Any]:
    """The document of a venue with the usual settings."""
    app = Flask("web", static_folder=None)
    add_routes(app)
    usual = {name: field.default for name, field in Settings.model_fields.items()}
    stream_url = f"ws://{usual['bind_host']}:{usual['websocket_port']}/api/v1/stream"
    return document(app, usual["batch_max"], stream_url)


def written(found: dict[str, Any]) -> str:
    """As the file has it."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    found = {file: generated() for file in ((CURRENT, RELEASED) if arguments == ["--release"] else (CURRENT,))}
    for file, told in (found | {stream_document.STREAM: stream_document.generated()}).items():
        file.write_text(written(told))
        print(f"wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])

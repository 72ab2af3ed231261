"""One JSON-RPC call to the embedded chain, for what web3 has no method for or is too slow to import."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit


class RpcUnavailable(Exception):
    """Nobody answers there, or not in JSON-RPC, or with an error."""


def call(rpc_url: str, method: str, *parameters: object, timeout_s: float = 30) -> object:
    """The `result` of `method`. Raises `RpcUnavailable`."""
    place = urlsplit(rpc_url)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout_s)) as connection:
        try:
            connection.request("POST", place.path or "/", body, {"content-type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RpcUnavailable(f"{method}: {error}") from error
    if not isinstance(answer, dict) or "result" not in answer:
        raise RpcUnavailable(f"{method}: {answer.get('error') if isinstance(answer, dict) else answer}")
    return answer["result"]

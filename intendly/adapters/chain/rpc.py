"""JSON-RPC to several endpoints: the preferred one first, the next when one fails, is slow, or fell behind.

An endpoint's address may carry a key, so that no error and no log line names it: they say which one by its place.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

import httpx
import structlog
from intendly_sdk.backoff import is_loopback

from intendly.domain.errors import ChainUnavailable

log = structlog.get_logger(__name__)

Request = tuple[str, Sequence[object]]
"""A method and its parameters."""

BATCH_MAX = 100
"""Calls in one HTTP request: what public endpoints take."""
FIRST_AGAIN_S = 30.0
"""How long after a failure the next endpoint is used before the preferred one is tried again."""
STALE_BLOCKS = 16
"""How far an endpoint's head may be behind the highest one seen."""
_ENDPOINT_AT_FAULT = frozenset({-32005, -32016, -32601, -32603, 429})
"""JSON-RPC's codes for a limit, a method that is not served, an internal error: another endpoint may do better."""


class RpcError(Exception):
    """The chain answered, with an error: a revert, a nonce that is too low, an unknown block."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message', error)}")
        self.code: int = error.get("code", 0)
        self.message: str = str(error.get("message", ""))
        self.data: object = error.get("data")


class _EndpointFailed(Exception):
    """This endpoint gave no usable answer."""


class Rpc:
    """JSON-RPC over HTTP. Safe in threads; make it after a fork. Raises `ChainUnavailable` when all endpoints fail."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float = 3.0) -> None:
        self._urls = tuple(urls)
        self._clients = [httpx.Client(timeout=timeout_s, trust_env=not is_loopback(url)) for url in urls]
        self._preferred, self._until = 0, float("inf")
        self._ids = itertools.count(1)
        self._timeout_s = timeout_s
        self._highest = 0

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()

    def call(self, method: str, *params: object) -> Any:
        """The result of one call. Raises `RpcError` for an error that the chain answered with."""
        return self.results([(method, params)])[0]

    def batch(self, calls: Sequence[Request]) -> list[Any]:
        """Each call's result in order; an `RpcError` stands in the place of a call that the chain refused."""
        answers: list[Any] = []
        for start in range(0, len(calls), BATCH_MAX):
            answers += self._with_failover(calls[start : start + BATCH_MAX])
        return answers

    def results(self, calls: Sequence[Request]) -> list[Any]:
        """Each call's result in order. Raises the `RpcError` of the first call that the chain refused."""
        answers = self.batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return answers

    def _with_failover(self, calls: Sequence[Request]) -> list[Any]:
        if time.monotonic() > self._until:
            self._preferred = 0
        first = self._preferred
        why = ""
        for turn in range(len(self._clients)):
            place = (first + turn) % len(self._clients)
            try:
                answers = self._ask(place, calls)
            except _EndpointFailed as failure:
                why = str(failure)
                log.warning("rpc_endpoint_failed", endpoint=place, method=calls[0][0], error=why)
                continue
            if place != self._preferred:
                self._preferred, self._until = place, time.monotonic() + FIRST_AGAIN_S
            return answers
        self._highest = 0  # all of them are behind what was seen: then that is where the chain is
        raise ChainUnavailable(f"none of {len(self._clients)} RPC endpoints answered {calls[0][0]}: {why}")

    def _ask(self, place: int, calls: Sequence[Request]) -> list[Any]:
        requests = {next(self._ids): (method, params) for method, params in calls}
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in requests.items()
        ]
        found = self._post(place, body[0] if len(body) == 1 else body)
        answers = {each.get("id"): each for each in (found if isinstance(found, list) else [found])}
        results = [_result(method, answers.get(number)) for number, (method, _) in requests.items()]
        for (method, params), result in zip(calls, results, strict=True):
            self._check_head(method, params, result)
        return results

    def _post(self, place: int, body: object) -> Any:
        """Read to its end within the limit: one that trickles is no better than one that hangs."""
        end = time.monotonic() + self._timeout_s
        text = bytearray()
        try:
            with self._clients[place].stream("POST", self._urls[place], json=body) as response:
                response.raise_for_status()
                for part in response.iter_bytes():
                    text += part
                    if time.monotonic() > end:
                        raise _EndpointFailed("slow")
            return json.loads(text)
        except httpx.HTTPStatusError as error:
            raise _EndpointFailed(f"HTTP {error.response.status_code}") from None
        except (httpx.HTTPError, ValueError) as error:
            raise _EndpointFailed(type(error).__name__) from None

    def _check_head(self, method: str, params: Sequence[object], result: Any) -> None:
        """An endpoint that fell behind the others must not tell us what the chain looks like."""
        number = _head_number(method, params, result)
        if number is None:
            return
        if len(self._clients) > 1 and number + STALE_BLOCKS < self._highest:
            raise _EndpointFailed(f"its head is {self._highest - number} blocks behind")
        self._highest = max(self._highest, number)


def _head_number(method: str, params: Sequence[object], result: Any) -> int | None:
    """The height that this call tells of, if it tells of one."""
    if method == "eth_blockNumber" and isinstance(result, str):
        return int(result, 16)
    if method == "eth_getBlockByNumber" and params and params[0] == "latest" and isinstance(result, dict):
        return int(result["number"], 16)
    return None


def _result(method: str, answer: dict[str, Any] | None) -> Any:
    if answer is None:
        raise _EndpointFailed("an answer is missing")
    if "error" in answer:
        error = RpcError(method, answer["error"])
        if error.code in _ENDPOINT_AT_FAULT:
            raise _EndpointFailed(str(error))
        return error
    if "result" not in answer:
        raise _EndpointFailed("an answer without a result")
    return answer["result"]

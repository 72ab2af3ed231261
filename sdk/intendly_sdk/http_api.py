"""One HTTP exchange with the venue: retried where that is safe, answered with a model or a typed error."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from itertools import islice
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from intendly_sdk.backoff import delays, is_loopback
from intendly_sdk.errors import ApiError, NetworkError, ProtocolError
from intendly_sdk.messages import Problem

Answer = TypeVar("Answer", bound=BaseModel)
_ROUTES = re.compile(r"(/api/v1(/config)?)?/*$")
_UNAVAILABLE = frozenset({502, 503, 504})


class HttpApi:
    """The routes under `{api_url}/api/v1`, which `api_url` may name or not. Every one may be repeated, so is retried.

    A try is repeated after a failure of the network and after 502, 503 and 504, `tries` times in all.
    """

    def __init__(self, api_url: str, *, timeout: float = 5.0, tries: int = 6) -> None:
        self._tries = tries
        self._client = httpx.Client(
            base_url=_ROUTES.sub("", api_url) + "/api/v1",
            timeout=timeout,
            trust_env=not is_loopback(api_url),
            headers={"accept": "application/json"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, answer: type[Answer], params: Mapping[str, str] | None = None) -> Answer:
        """GET. Raises `ApiError`, `NetworkError`, `ProtocolError`."""
        return self._exchange("GET", path, answer, params=params)

    def post(self, path: str, body: BaseModel, answer: type[Answer]) -> Answer:
        """POST as JSON. Raises `ApiError`, `NetworkError`, `ProtocolError`."""
        return self._exchange("POST", path, answer, content=body.model_dump_json().encode())

    def _exchange(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        headers = {"content-type": "application/json"} if content is not None else None
        request = self._client.build_request(method, path, params=params, content=content, headers=headers)
        response = self._send(request)
        try:
            if response.is_success:
                return answer.model_validate_json(response.content)
            raise ApiError(Problem.model_validate_json(response.content))
        except ValidationError as error:
            raise ProtocolError(f"{method} {path}: {response.status_code} with an unknown body: {error}") from None

    def _send(self, request: httpx.Request) -> httpx.Response:
        failure: Exception | str = ""
        for wait in (0.0, *islice(delays(), self._tries - 1)):
            time.sleep(wait)
            try:
                response = self._client.send(request)
            except httpx.TransportError as error:
                failure = f"{type(error).__name__} {error}"
                continue
            if response.status_code not in _UNAVAILABLE:
                return response
            failure = f"status {response.status_code}"
        raise NetworkError(f"{request.method} {request.url.path}: {failure}")

"""One HTTP exchange with the venue: retried where that is safe, answered with a model or a typed error."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from intendly_sdk.backoff import delays, is_loopback, seconds_of
from intendly_sdk.errors import ApiError, IntendlyError, NetworkError, ProtocolError, UnavailableError
from intendly_sdk.messages import Problem

Answer = TypeVar("Answer", bound=BaseModel)
_ROUTES = re.compile(r"(/api/v1(/config)?)?/*$")
_UNAVAILABLE = frozenset({502, 503, 504})
LONGEST_WAIT_S = 30.0


class HttpApi:
    """The routes under `{api_url}/api/v1`, which `api_url` may name or not. Every one may be repeated, so is retried.

    A try is repeated after a failure of the network, after 502, 503 and 504, and after a 429 with Retry-After, `tries`
    times in all, as late as Retry-After says; one that says more than `LONGEST_WAIT_S` is raised at once.
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
        for tried, wait in enumerate(delays(), start=1):
            try:
                return self._once(request, answer)
            except (NetworkError, ApiError) as error:
                wanted = _wait_before_the_next(error, wait)
                if tried >= self._tries or wanted is None or wanted > LONGEST_WAIT_S:
                    raise
                time.sleep(wanted)
        raise AssertionError("delays never end")

    def _once(self, request: httpx.Request, answer: type[Answer]) -> Answer:
        what = f"{request.method} {request.url.path}"
        try:
            response = self._client.send(request)
        except httpx.TransportError as error:
            raise NetworkError(f"{what}: {type(error).__name__} {error}") from None
        try:
            if response.is_success:
                return answer.model_validate_json(response.content, extra="ignore")
            problem = Problem.model_validate_json(response.content)
        except ValidationError as error:
            if response.status_code in _UNAVAILABLE:
                raise NetworkError(f"{what}: status {response.status_code}") from None
            raise ProtocolError(f"{what}: {response.status_code} with an unknown body: {error}") from None
        refusal = UnavailableError if response.status_code in _UNAVAILABLE else ApiError
        raise refusal(problem, seconds_of(response.headers.get("retry-after")))


def _wait_before_the_next(error: IntendlyError, wait: float) -> float | None:
    """Seconds; None where another try would end the same."""
    if isinstance(error, ApiError):
        if error.retry_after is not None and error.problem.status in (429, *_UNAVAILABLE):
            return error.retry_after
        return wait if isinstance(error, UnavailableError) else None
    return wait

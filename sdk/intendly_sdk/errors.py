"""One tree of errors: catch `IntendlyError` for all of them, or a branch of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intendly_sdk.messages import IntentStatus, Problem
    from intendly_sdk.primitives import Hash32


class IntendlyError(Exception):
    """Whatever goes wrong in this package."""


class PrivateKeyError(IntendlyError, ValueError):
    """What was given is no private key. The text does not show it."""


class NetworkError(IntendlyError):
    """The venue could not be reached, or did not answer in time, also after the retries."""


class ProtocolError(IntendlyError):
    """The venue answered with something that this version of the package does not understand."""


class ApiError(IntendlyError):
    """The venue refused. `problem.code` is stable, `problem.errors` names each field at fault."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail or problem.title}")
        self.problem = problem


class CursorGoneError(ApiError):
    """The stream has forgotten this cursor. Read the state anew; the next events follow from there."""


class WaitTimeoutError(IntendlyError, TimeoutError):
    """What was waited for did not happen in time. It may still. `status` says how far it is, where that is known."""

    def __init__(self, intent_hash: Hash32, seconds: float, status: IntentStatus | None = None) -> None:
        why = f"; it is {status.state}: {status.detail}" if status else ""
        super().__init__(f"intent {intent_hash} was not settled within {seconds:g} s{why}")
        self.intent_hash = intent_hash
        self.status = status


class IntentNotFilledError(IntendlyError):
    """The intent ended without a fill: it expired, or was cancelled. `status` says why."""

    def __init__(self, status: IntentStatus) -> None:
        super().__init__(f"intent {status.intent_hash} {status.state}: {status.detail}")
        self.status = status

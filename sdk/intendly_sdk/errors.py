"""One tree of errors: catch `IntendlyError` for all of them, or a branch of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intendly_sdk.messages import IntentStatus, Problem
    from intendly_sdk.primitives import Hash32


class IntendlyError(Exception):
    """Whatever goes wrong in this package."""


class PrivateKeyError(IntendlyError, ValueError):
    """What was given is no private key. The text does not show it."""


class ListenError(IntendlyError, OSError):
    """The port of a solver can't be listened on, since another program has it, say."""

    @classmethod
    def of(cls, host: str, port: int, error: OSError | OverflowError) -> ListenError:
        """With what was wrong in words."""
        why = getattr(error, "strerror", None) or "there is no such port"
        return cls(f"{host}:{port}: {why}; expected an address of this machine and a port that is free")


class NetworkError(IntendlyError):
    """The venue could not be reached, or did not answer in time, also after the retries."""


class ProtocolError(IntendlyError):
    """The venue answered with something that this version of the package does not understand."""


class ApiError(IntendlyError):
    """The venue refused. `code` is stable, `problem.errors` names each field at fault.

    `retry_after` is when the same may be sent again, seconds from the answer, where the venue has said so.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail or problem.title}")
        self.problem = problem
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """What was wrong, in one word of docs/errors.md."""
        return self.problem.code


class UnavailableError(ApiError, NetworkError):
    """The venue says that it can't do this now, as while it is `paused` or a stream server is `stream_full`."""


class CursorGoneError(ApiError):
    """The stream has forgotten this cursor. Read the state anew; the next events follow from there."""


class CloseReason(StrEnum):
    """Why a connection to the stream is over. Codes that this version does not know are `OTHER`."""

    GOING_AWAY = "going_away"
    POLICY = "policy"
    TOO_BIG = "too_big"
    TRY_AGAIN = "try_again"
    LOG_IN_AGAIN = "log_in_again"
    TOO_SLOW = "too_slow"
    LOST = "lost"
    OTHER = "other"


_REASONS = {
    1001: CloseReason.GOING_AWAY,
    1006: CloseReason.LOST,
    1008: CloseReason.POLICY,
    1009: CloseReason.TOO_BIG,
    1011: CloseReason.LOST,
    1013: CloseReason.TRY_AGAIN,
    4401: CloseReason.LOG_IN_AGAIN,
    4408: CloseReason.TOO_SLOW,
}


class StreamClosedError(NetworkError):
    """The connection to the stream is over. `code` is the close code, None where the line broke without one."""

    def __init__(self, code: int | None, detail: str = "") -> None:
        self.code = code
        self.reason = CloseReason.LOST if code is None else _REASONS.get(code, CloseReason.OTHER)
        self.detail = detail
        super().__init__(f"stream closed ({self.reason}{'' if code is None else f', {code}'}): {detail or 'no reason'}")

    @property
    def resumes(self) -> bool:
        """Whether to connect again and go on; false where the same would be closed again: 1008 and 1009."""
        return self.reason not in (CloseReason.POLICY, CloseReason.TOO_BIG)


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

"""What can fail without anybody's code being wrong, in one line each."""

from __future__ import annotations

from typing import Final

from intendly_sdk.errors import ApiError, IntendlyError, NetworkError

_MISTAKES: Final = frozenset({400, 404, 422})
"""What the venue answers to a request that is wrong, rather than refused for now."""
_UNAVAILABLE: Final = 503
"""What it answers while it is paused, or a part of it is away: the title says which, the detail why."""


class Left(Exception):
    """The end of a command that has its own words for it, and its own exit code."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def explained(error: Exception) -> tuple[int, str] | None:
    """The exit code (1, or 2 for a mistake in what was said) and the line to leave with.

    None for an error that nobody foresaw, whose traceback is worth seeing.
    """
    if isinstance(error, Left):
        return error.status, str(error)
    if isinstance(error, IntendlyError):
        return _by_the_venue(error)
    # Imported now: a program that works does not wait for them.
    from sqlalchemy.exc import OperationalError

    from cli.supervisor import ProcessFailed
    from intendly.adapters.chain.account import TransactionFailed
    from intendly.adapters.chain.rpc import RpcError
    from intendly.adapters.chain.verification import DeploymentMismatch
    from intendly.adapters.embedded import EmbeddedError
    from intendly.domain.errors import VenueError

    if isinstance(error, OperationalError):
        return 1, "the database: " + " ".join(str(error.orig).split())
    if isinstance(
        error, EmbeddedError | ProcessFailed | TransactionFailed | RpcError | DeploymentMismatch | VenueError
    ):
        return 1, str(error)
    return None


def _by_the_venue(error: IntendlyError) -> tuple[int, str]:
    if isinstance(error, NetworkError) and not isinstance(error, ApiError):
        return 1, f"the venue does not answer: {error}; --api or INTENDLY_API_URL says where it is"
    if not isinstance(error, ApiError):
        return 1, " ".join(str(error).split())
    problem = error.problem
    if problem.status == _UNAVAILABLE:
        return 1, f"{problem.title[:1].lower()}{problem.title[1:]}: {problem.detail}"
    field = str(problem.errors[0].get("field", "")) if problem.errors else ""
    named = f"{field}: " if field and not problem.detail.startswith(field) else ""
    status = 2 if problem.status in _MISTAKES else 1
    return status, f"the venue refuses it ({problem.code}): {named}{problem.detail or problem.title}"

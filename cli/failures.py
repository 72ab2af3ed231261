"""What can fail without anybody's code being wrong, in one line each."""

from __future__ import annotations


def explained(error: Exception) -> str | None:
    """The line to leave with; None for an error that nobody foresaw, whose traceback is worth seeing."""
    # Imported now: a program that works does not wait for them.
    from sqlalchemy.exc import OperationalError

    from cli.supervisor import ProcessFailed
    from intendly.adapters.chain.account import TransactionFailed
    from intendly.adapters.chain.rpc import RpcError
    from intendly.adapters.chain.verification import DeploymentMismatch
    from intendly.adapters.embedded import EmbeddedError
    from intendly.domain.errors import VenueError

    if isinstance(error, OperationalError):
        return "the database: " + " ".join(str(error.orig).split())
    if isinstance(
        error, EmbeddedError | ProcessFailed | TransactionFailed | RpcError | DeploymentMismatch | VenueError
    ):
        return str(error)
    return None

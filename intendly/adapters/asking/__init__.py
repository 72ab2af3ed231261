"""Asking solvers over HTTP: strangers' servers, held to a time, a size and to public addresses."""

from __future__ import annotations

import structlog


def say_if_private_is_allowed(allowed: bool) -> None:
    """One line at the start of a process that asks, so that a setting for development is not left on unseen."""
    if allowed:
        structlog.get_logger(__name__).warning(
            "solver_private_addresses_allowed", setting="SOLVER_ALLOW_PRIVATE", advice="for development only"
        )

"""Who hears what: the topics that an event is told to, and those that a subscription is for."""

from __future__ import annotations

from typing import Final

from intendly_sdk.messages import EventKind

from intendly.domain.events import Interest, Published

_ANY_AUCTION: Final = "auctions"
_ANY_SOLVER: Final = "solvers"


def topics_to(event: Published) -> list[str]:
    """What one must have asked for to hear `event`, who has little time first.

    An event for one solver alone goes by its log-in only.
    """
    if event.kind == EventKind.SOLVER_CHANGED and event.solver is not None:
        return [solver_of(event.solver), login_of(event.solver)]
    if event.solver is not None:
        return [solver_of(event.solver)]
    topics = [topic for topic in (event.intent_hash, event.swapper) if topic is not None]
    if event.kind == EventKind.AUCTION_OPENED:
        topics = [*map(solver_of, event.roster), *topics, _ANY_AUCTION]
    elif event.kind == EventKind.AUCTION_CLOSED:
        topics += [_ANY_AUCTION, _ANY_SOLVER]
    return topics


def topics_of(interest: Interest) -> list[str]:
    """What a subscription hears."""
    topics = [*interest.intents, *interest.swappers]
    if interest.auctions:
        topics.append(_ANY_AUCTION)
    if interest.solver is not None:
        topics += [solver_of(interest.solver), _ANY_SOLVER]
    return topics


def login_of(solver: str) -> str:
    """What a connection that is logged in as `solver` is told of, whatever it asked for."""
    return f"login {solver}"


def solver_of(address: str) -> str:
    """A solver's own topic; it may be the address of a swapper too, whose events are for anyone."""
    return f"solver {address}"

"""Tells the log whether the venue knows a solver that waits to be asked over HTTP, and how to register it."""

from __future__ import annotations

import logging
import threading
import time

from intendly_sdk.backoff import delays
from intendly_sdk.client import VenueClient
from intendly_sdk.errors import ApiError, IntendlyError
from intendly_sdk.messages import SolverView
from intendly_sdk.primitives import Address
from intendly_sdk.solver import Solver

log = logging.getLogger("intendly_sdk.solver")
GRACE_SECONDS = 3.0
"""In which a registration that has just been mined comes to be seen; nothing is said to be missing before."""


def what_is_missing(known: SolverView | None, key: Address) -> str | None:
    """Why the venue does not ask the solver over HTTP, in words; None where it does."""
    if known is None or not known.active:
        return "NOT registered, so it is not asked"
    if known.signing_key != key:
        return f"registered with another key, {known.signing_key}, so its bids are refused"
    if known.asked_over != "http":
        return "registered without an endpoint, so it is asked over the stream alone"
    return None


def tell_standing(api_url: str, solver: Solver, endpoint: str, stopped: threading.Event) -> None:
    """Ask the venue until the solver stands as it must, or until it is `stopped`; log each thing that is missing once.

    `endpoint` is where it listens, for the command that registers it.
    """
    said, began = "", time.monotonic()
    with VenueClient(api_url, tries=1) as venue:
        for wait in delays(first=0.5, cap=15.0):
            key = solver.signer.address
            missing = _missing(venue, solver.solver, key)
            if missing is None:
                log.info("solver.registered solver=%s key=%s: the venue asks it over HTTP", solver.solver, key)
                return
            if missing != said and time.monotonic() - began >= GRACE_SECONDS:
                said = missing
                command = f"intendly solver register --endpoint {endpoint} --signing-key {key}"
                log.warning("solver.not_asked solver=%s venue=%s: %s; `%s`", solver.solver, api_url, missing, command)
            if stopped.wait(wait):
                return


def _missing(venue: VenueClient, solver: Address, key: Address) -> str | None:
    try:
        return what_is_missing(venue.solver(solver), key)
    except ApiError as error:
        return what_is_missing(None, key) if error.code == "not_found" else f"the venue does not say: {error}"
    except IntendlyError as error:
        return f"the venue does not say: {error}"

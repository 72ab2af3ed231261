"""What anyone may read of solvers."""

from __future__ import annotations

from intendly_sdk.messages import SolverPage, SolverView
from intendly_sdk.primitives import Address

from intendly.domain.errors import NotFound
from intendly.services.quote_ports import SolverReader


class ReadSolvers:
    """Solvers by address."""

    def __init__(self, solvers: SolverReader) -> None:
        self._solvers = solvers

    def find(self, solver: Address) -> SolverView:
        """The solver, registered now or before. Raises `NotFound`."""
        view = self._solvers.find(solver)
        if view is None:
            raise NotFound(f"no solver {solver} was ever registered", field="solver")
        return view

    def page(self, limit: int, after: Address | None) -> SolverPage:
        """A page by address, behind `after`."""
        views = self._solvers.page(limit + 1, after)
        shown = views[:limit]
        return SolverPage(solvers=shown, next=shown[-1].address if len(views) > limit else None)

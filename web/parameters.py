"""One rule for every query string: a parameter that is not known, or is given twice, is refused."""

from __future__ import annotations

from collections.abc import Container

from werkzeug.datastructures import MultiDict

from intendly.domain.errors import InvalidRequest


def refuse_unknown(given: MultiDict[str, str], known: Container[str]) -> None:
    """Raises `InvalidRequest`. The values are the view's to check."""
    for name, values in given.lists():
        if name not in known:
            raise InvalidRequest("no parameter of this name is known here: remove it, or correct it", field=name[:60])
        if len(values) > 1:
            raise InvalidRequest(f"{name}: expected once, got {len(values)} times", field=name)

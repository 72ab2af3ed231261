"""Every row that there is. A new file of subjects gets its place here."""

from __future__ import annotations

from collections.abc import Sequence

from bench import api, broker, build, close, gas, memory, mined, publish, scale, solver_sees, stream, stream_resume
from bench.rows import SUBJECTS, Spec, Subject

# The last ones share a whole venue, which runs to the end. Memory at rest is of its first moments, and gas is no time.
_FILES = [
    each.__name__
    for each in (api, close, build, stream, stream_resume, publish, scale, memory, mined, broker, solver_sees, gas)
]
_ALL = sorted(SUBJECTS, key=lambda one: _FILES.index(one.measure.__module__))


def subjects(only: Sequence[str] = ()) -> list[Subject]:
    """Those that have a row which is named, or whose name begins with one of `only` and a dot; all without `only`."""
    return [one for one in _ALL if any(is_wanted(spec, only) for spec in one.specs)]


def specs(only: Sequence[str] = ()) -> list[Spec]:
    return [spec for one in _ALL for spec in one.specs if is_wanted(spec, only)]


def is_wanted(spec: Spec, only: Sequence[str]) -> bool:
    return not only or any(f"{spec.name}.".startswith(f"{name}.") for name in only)

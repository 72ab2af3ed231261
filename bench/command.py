"""The command: `python -m bench`, by `make bench` and `make bench-compare`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bench.catalogue import specs, subjects
from bench.child import raise_file_limit
from bench.compare import missing, worse
from bench.measure import Outcome, measured
from bench.results import LATEST, ResultsError, check, committed, merged, read, write
from bench.tables import DOCUMENT, document_with, markdown, show
from cli.options import OptionError
from cli.stopping import stopped_once
from intendly.adapters.observability.logging import configure_logging
from intendly.settings import Settings

_ROUNDS = 5
_KEPT = ("WEB_WORKERS",)
"""What docs/adr/0015 measures by."""


def main() -> NoReturn:
    """Run the command and leave. 0 done, 1 a subject failed or a row got worse, 2 a mistake in what was said."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(bench)
    try:
        sys.exit(app(prog_name="python -m bench", standalone_mode=False))
    except (typer.TyperException, OptionError, ResultsError) as error:
        _leave(2, error.format_message() if isinstance(error, typer.TyperException) else str(error))


def bench(
    only: Annotated[
        str, typer.Option(help="rows, or the first words of their names (api, stream.fan_out), separated by commas")
    ] = "",
    rounds: Annotated[int | None, typer.Option(min=1, help="of each subject; default 5, with --small 2")] = None,
    small: Annotated[bool, typer.Option("--small", help="sizes that prove that it works; no aim is judged")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="write the rows there; default, of a full run of 5 rounds: bench/results/latest.json"),
    ] = None,
    list_rows: Annotated[bool, typer.Option("--list", help="name the rows and end")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="measure nothing; say what is worse than in the last commit")
    ] = False,
    write_docs: Annotated[
        bool, typer.Option("--write-docs", help="measure nothing; write the table into docs")
    ] = False,
) -> int:
    """Measure the venue, each figure beside its floor. A row that misses its aim is shown, and fails nothing."""
    names = [name.strip() for name in only.split(",")] if only else []
    for name in names:
        if not specs([name]):
            raise OptionError(f"--only: expected rows that --list names, got {name or 'nothing'}")
    if list_rows:
        for spec in specs(names):
            sys.stdout.write(f"{spec.name:<32}{spec.what}\n")
        return 0
    if write_docs:
        DOCUMENT.write_text(document_with(DOCUMENT.read_text(), markdown(specs(), read(LATEST))))
        return 0
    if compare:
        return _compare()
    return _measure(names, rounds or (2 if small else _ROUNDS), small=small, out=out)


def _measure(names: Sequence[str], rounds: int, *, small: bool, out: Path | None) -> int:
    for name in [name for name in os.environ if name.lower() in Settings.model_fields and name not in _KEPT]:
        del os.environ[name]  # what is exported for a venue must not change a figure
    file = out or (None if small or names or rounds < _ROUNDS else LATEST)
    if file is not None:
        check(file)
    began = time.monotonic()
    raise_file_limit()
    configure_logging("bench", "ERROR", "console")
    try:
        with stopped_once():
            outcome = measured(subjects(names), names, rounds, small=small, console=Console(stderr=True))
    except KeyboardInterrupt:
        _leave(130, "stopped; nothing was written")
    show(Console(), outcome.results.rows)
    _keep(outcome, file)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    sys.stdout.write(f"measured in {minutes} min {seconds} s\n")
    if outcome.failures:
        _leave(1, f"failed: {', '.join(outcome.failures)}")
    return 0


def _keep(outcome: Outcome, file: Path | None) -> None:
    if file is None:
        sys.stdout.write("not written: small sizes, some of the rows, or few rounds; --out FILE writes them\n")
        return
    write(file, merged(read(file), outcome.results, [spec.name for spec in specs()]))
    sys.stdout.write(f"written: {file}\n")


def _compare() -> int:
    before, now = committed(), read(LATEST)
    if before is None or now is None:
        sys.stdout.write("nothing to compare: no results are committed, or none are there; run `make bench` first\n")
        return 0
    if before == now:
        sys.stdout.write("nothing to compare: the results are those of the last commit; run `make bench` first\n")
        return 0
    found, gone = worse(before, now), missing(before, now, [spec.name for spec in specs()])
    if (before.cpus, before.versions.get("python")) != (now.cpus, now.versions.get("python")):
        sys.stdout.write(
            f"of another machine: {now.cpus} CPUs and Python {now.versions.get('python')}, "
            f"before {before.cpus} and {before.versions.get('python')}\n"
        )
    for one in found:
        sys.stdout.write(f"{one}\n")
    for name in gone:
        sys.stdout.write(f"{name}: has a figure in the last commit, and none now\n")
    sys.stdout.write(f"{len(found)} of {len(now.rows)} rows got worse since {before.commit} by more than the spread\n")
    return 1 if found or gone else 0


def _leave(status: int, text: str) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    sys.exit(status)

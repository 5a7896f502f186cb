"""`pooltop results`: the return values of a run, while it runs or after it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from pooltop import runs
from pooltop.cli.values import output_file
from pooltop.errors import WorkloadError
from pooltop.model import RunSpec
from pooltop.printable import printable
from pooltop.run.journal import JournalReader
from pooltop.runs import Run
from pooltop.work.export import Rows, write_csv, write_jsonl, write_pickle
from pooltop.work.locate import Target, locate
from pooltop.work.output import appearing_whole
from pooltop.work.unpickle import Unpickler

_FORMATS: Final[Mapping[str, Callable[[Rows, BinaryIO], None]]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "pickle": write_pickle,
}
_STDOUT, _STDERR = 1, 2


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="jsonl", show_default=True)
@click.option("-o", "output", metavar="FILE", type=output_file, help="Where to.  [default: standard output]")
def results(run_name: str, form: str, output: str | None) -> int:
    """The return values of a run so far, in input order.

    jsonl: a line of JSON each; what JSON cannot hold is its repr. csv: with the item's index, and a column for each
    field where all are dicts, dataclasses or named tuples with the same fields. pickle: one list.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    write = _FORMATS[form]
    if output is None and sys.stdout is not None and sys.stdout.isatty():
        if form == "pickle":
            raise click.UsageError("a pickle is nothing for a terminal: name a file with -o")
        if form == "csv":
            write = partial(write_csv, show=printable)
    with JournalReader(run.journal) as journal:
        spec = journal.spec()
    with _destination(output) as file:
        write(_Rows(run, spec), file)
    return 0


class _Rows:
    """The values, unpickled here: their classes come from the person's modules, seen from the run's directory."""

    def __init__(self, run: Run, spec: RunSpec) -> None:
        self._journal = run.journal
        self._unpickled = Unpickler(_target(spec))
        with suppress(OSError):  # it has gone, and it may not be needed
            os.chdir(spec.directory)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        with JournalReader(self._journal) as journal:
            for stored in journal.results():
                values = self._unpickled(stored.body)
                yield from ((index, values[pick]) for index, pick in zip(stored.indexes, stored.picks, strict=True))


def _target(spec: RunSpec) -> Target | None:
    try:
        return locate(spec.workload, Path(spec.directory))
    except WorkloadError:
        return None  # numbers and texts can be read without it


@contextmanager
def _destination(output: str | None) -> Iterator[BinaryIO]:
    """The file, or standard output, which from now on is for the results alone.

    Raises WorkloadError where the file cannot be written, OSError where standard output cannot.
    """
    if output is not None:
        with appearing_whole(Path(output)) as file:  # which may be /dev/stdout
            _print_on_stderr()
            yield file
    elif sys.stdout is None:
        raise click.UsageError("standard output is closed: name a file with -o")
    else:
        with os.fdopen(os.dup(_STDOUT), "wb") as stdout:
            _print_on_stderr()
            yield stdout


def _print_on_stderr() -> None:
    """What the person's code prints from now on, in C too, goes to standard error."""
    if sys.stdout is not None:
        os.dup2(_STDERR, _STDOUT)

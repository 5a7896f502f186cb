"""`pooltop failures`: every item of a run that has ended without a result, with all that is known of it."""

from collections.abc import Iterable, Iterator
from itertools import chain

import click

from pooltop import runs
from pooltop.errors import LONGEST_LINE, shortened
from pooltop.figures import duration, memory, plural
from pooltop.model import Failure
from pooltop.printable import printable, printable_lines
from pooltop.run.journal import JournalReader
from pooltop.wire.packing import as_json

_MARGIN = "    "


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def failures(run_name: str, in_json: bool) -> None:
    """The failed items of a run so far: the error, how often it was tried, what was printed last, the traceback.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    with JournalReader(run.journal) as journal:
        failed = journal.failures()
        first = next(failed, None)
        if first is None:
            click.echo("[]" if in_json else f"run {run.id} has no failed items")
            return
        show = _json if in_json else _text
        for line in show(chain([first], failed)):
            click.echo(line)


def _json(failed: Iterable[Failure]) -> Iterator[str]:
    """An array, an object a line, since there may be very many."""
    before = "["
    for failure in failed:
        yield f"{before}{as_json(failure).decode()}"
        before = ","
    yield "]"


def _text(failed: Iterable[Failure]) -> Iterator[str]:
    for number, failure in enumerate(failed):
        if number > 0:
            yield ""
        yield from (shortened(line, LONGEST_LINE) for line in failure_lines(failure))


def failure_lines(failure: Failure) -> Iterator[str]:
    """One failed item in printable lines."""
    yield f"item {failure.index}, {printable(failure.item)}: {printable(failure.error)}"
    facts = [plural(failure.attempts, "attempt")]
    if failure.seconds is not None:
        facts.append(duration(failure.seconds))
    if failure.memory is not None:
        facts.append(memory(failure.memory))
    yield f"  {', '.join(facts)}"
    if failure.last_lines:
        yield "  printed last:"
        yield from (f"{_MARGIN}{printable(line)}" for line in failure.last_lines)
    yield from (f"{_MARGIN}{line}" for line in printable_lines(failure.traceback).splitlines())

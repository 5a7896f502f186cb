"""`pooltop repro`: one item of a run alone, in the foreground."""

from itertools import islice

import click

from pooltop import launch, runs
from pooltop.cli.values import at_least
from pooltop.plain import say
from pooltop.run.journal import JournalReader
from pooltop.runs import Run, RunError
from pooltop.work.items import reads_stdin

_SHOWN = 5


@click.command()
@click.argument("run_name", metavar="RUN")
@click.argument("item", required=False)
@click.option("--index", metavar="N", type=at_least(0), help="The item at this position of the input, from 0 on.")
@click.option("--pdb", "debug", is_flag=True, help="Open the debugger where the function raises.")
def repro(run_name: str, item: str | None, index: int | None, debug: bool) -> int:
    """Run one item alone in this terminal, as the run would: its options, setup, directory and hash seed.

    ITEM is the name of a failed item; where none is called so, a position in the input, from 0 on. An item that stands
    elsewhere in its source by now is found by its content.

    Output folders are fresh ones in the run's directory; there is no time or memory limit. If the item crashes the
    interpreter, it crashes this command.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    with JournalReader(run.journal) as journal:
        spec = journal.spec()
    if reads_stdin(spec.items):
        raise RunError(f"run {run.id} read its items from standard input, and they cannot be had again")
    if item is not None and index is None:
        index = _index(run, item)
    elif item is not None or index is None:
        raise click.UsageError("give one item: by its name, or by its position with --index")
    launch.become_repro(run, spec, index, debug=debug)


def _index(run: Run, item: str) -> int:
    """The position of the failed item of that name, else the position itself; RunError for neither."""
    is_number = item.isascii() and item.isdecimal()
    with JournalReader(run.journal) as journal:
        found = list(islice((failure.index for failure in journal.failures() if failure.item == item), _SHOWN + 1))
    if len(found) > 1:
        positions = ", ".join(map(str, found[:_SHOWN])) + (" …" if len(found) > _SHOWN else "")
        raise RunError(f"several failed items are called {item!r}: give one's position with --index, {positions}")
    if found:
        if is_number and found[0] != int(item):
            say(f"{item} is taken as the name of the failed item at position {found[0]}; by position: --index {item}")
        return found[0]
    if is_number:
        return at_least(0)(item)
    raise RunError(f"run {run.id} has no failed item {item!r}; pooltop failures {run.id} lists them")

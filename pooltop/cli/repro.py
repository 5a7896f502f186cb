"""`pooltop repro`: one item of a run alone, in the foreground."""

from itertools import islice

import click

from pooltop import launch, runs
from pooltop.figures import plural
from pooltop.run.journal import JournalReader
from pooltop.runs import Run, RunError
from pooltop.work.items import reads_stdin

_SHOWN = 5


@click.command()
@click.argument("run_name", metavar="RUN")
@click.argument("item")
@click.option("--pdb", "debug", is_flag=True, help="Open the debugger where the function raises.")
def repro(run_name: str, item: str, debug: bool) -> int:
    """Run one item alone in this terminal, as the run would: its options, setup, directory and hash seed.

    ITEM is the name of a failed item, or its position in the input. Output folders are fresh ones in the run's
    directory; there is no time or memory limit. If the item crashes the interpreter, it crashes this command.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    with JournalReader(run.journal) as journal:
        spec = journal.spec()
    if reads_stdin(spec.items):
        raise RunError(f"run {run.id} read its items from standard input, and they cannot be had again")
    launch.become_repro(run, spec, _index(run, item), debug=debug)


def _index(run: Run, item: str) -> int:
    """The position of the failed item of that name, else the position itself; RunError for neither."""
    with JournalReader(run.journal) as journal:
        found = list(islice((failure.index for failure in journal.failures() if failure.item == item), _SHOWN + 1))
    if len(found) == 1:
        return found[0]
    if found:
        raise RunError(f"{plural(len(found), 'failed item')} or more are called {item!r}: give one's position, {found}")
    if item.isascii() and item.isdecimal():
        return int(item)
    raise RunError(f"run {run.id} has no failed item {item!r}; pooltop failures {run.id} lists them")

"""The program that runs one item of a run alone, in the foreground and in this very process.

It is started anew for that, with the run's hash seed and without a `__main__` file, so that the person's code finds
what it found in a worker; a crash ends it as it ends any program.
"""

import argparse
import faulthandler
import pdb
import sys
import traceback
from itertools import islice
from pathlib import Path
from typing import Any

from pooltop.children.label import label
from pooltop.errors import WorkloadError, user_traceback
from pooltop.model import RunSpec
from pooltop.plain import say
from pooltop.printable import printable, printable_lines
from pooltop.run.journal import JournalError, JournalReader
from pooltop.runs import Run
from pooltop.work.alone import made_alone
from pooltop.work.calling import Call
from pooltop.work.imported import Workload, load, locate
from pooltop.work.items import open_source
from pooltop.work.keys import KEY_SIZE, NO_KEY, key_of
from pooltop.work.output import safe_repr

_RAISED, _REFUSED, _INTERRUPTED = 1, 2, 130


def main() -> None:
    """`RUN_DIRECTORY INDEX [--pdb]`; started by `pooltop.launch` only."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("index", type=int)
    parser.add_argument("--pdb", action="store_true")
    order = parser.parse_args()
    faulthandler.enable()
    sys.exit(_tried(Run(order.directory), order.index, debug=order.pdb))


def _tried(run: Run, index: int, *, debug: bool) -> int:
    """Run the item; the exit code."""
    try:
        call, item = _prepared(run, index)
        result = call(item)
    except (WorkloadError, JournalError) as error:
        if details := getattr(error, "details", ""):
            say(printable_lines(details))
        say(f"pooltop: {printable(str(error))}")
        return _REFUSED
    except BaseException as error:  # SystemExit too: in a worker it ends the item and not the process
        say(printable_lines(user_traceback(error) or "".join(traceback.format_exception(error))))
        if debug:
            pdb.post_mortem(error.__traceback__)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else _RAISED
    print(printable_lines(safe_repr(result)), flush=True)
    return 0


def _prepared(run: Run, index: int) -> tuple[Call, Any]:
    """The function and the item that it is to be called with. Everything up to the call is as a worker does it.

    Raises WorkloadError and JournalError, and what the person's own code raises.
    """
    with JournalReader(run.journal) as journal:
        spec = journal.spec()
        key = _key(journal, index)
    directory = Path(spec.directory)
    target = locate(spec.workload, directory)
    sys.argv = [target.file or target.module]
    workload = load(target)
    options = workload.bind(spec.options, run_folder=run.directory / "repro", directory=directory, fresh=True)
    for folder in workload.output_folders(options):
        say(f"output goes to {printable(str(folder))}")
    shared = _shared(workload, options)
    item, textual = _item(spec, workload, options, run, index)
    say(f"item {index} of run {run.id}: {printable(label(item))}")
    if key not in (b"", NO_KEY, key_of(item)):
        say("note: the source has changed; in the run another item stood there")
    call = workload.caller(options, shared, convert_items=textual)
    workload.set_up(options, shared)
    return call, item


def _key(journal: JournalReader, index: int) -> bytes:
    """What the item in that place was recognised by in the run; b"" where it has not got so far."""
    chunk = "SELECT first, keys FROM inputs WHERE session = :session AND first <= :index ORDER BY first DESC LIMIT 1"
    for first, keys in journal.rows(chunk, session=journal.session(), index=index):
        start = (index - first) * KEY_SIZE
        return bytes(keys[start : start + KEY_SIZE])
    return b""


def _shared(workload: Workload, options: dict[str, object]) -> dict[str, Any]:
    together = workload.together(options)
    if together > 1:
        raise WorkloadError(f"{workload.name}: {together} of its items need each other; one alone would wait for ever")
    return made_alone(workload.shared(options))


def _item(spec: RunSpec, workload: Workload, options: dict[str, object], run: Run, index: int) -> tuple[Any, bool]:
    """The item, and whether it is text to be converted. Raises WorkloadError where there is none any more."""
    source = open_source(spec.items, workload, Path(spec.directory), None, options=options, run_folder=run.directory)
    for item in islice(source.iterable, index, None):
        return item, source.textual
    raise WorkloadError(f"{workload.name} has no item {index}: its source ends before")

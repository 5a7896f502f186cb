"""The program that runs one item of a run alone, in the foreground and in this very process.

It is started anew for that, with the run's hash seed and without a `__main__` file, so that the person's code finds
what it found in a worker; a crash ends it as it ends any program.
"""

import argparse
import faulthandler
import pdb
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pooltop.children.label import label
from pooltop.errors import WorkloadError, user_traceback
from pooltop.plain import say
from pooltop.printable import printable, printable_lines
from pooltop.run.journal import JournalError, JournalReader
from pooltop.runs import Run
from pooltop.standard_output import given_up
from pooltop.work.alone import made_alone
from pooltop.work.calling import Call
from pooltop.work.imported import Workload, load, locate
from pooltop.work.items import Source, open_source
from pooltop.work.keys import KEY_SIZE, NO_KEY, key_of
from pooltop.work.output import safe_repr

_RAISED, _UNSHOWN, _REFUSED, _INTERRUPTED = 1, 1, 2, 130


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
    return _shown(result)


def _shown(result: object) -> int:
    """Print it; the exit code."""
    try:
        print(printable_lines(safe_repr(result)), flush=True)
    except OSError as error:
        if line := given_up(error):
            say(f"pooltop: {line}")
        return _UNSHOWN
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
    opened = partial(open_source, spec.items, workload, directory, None, options=options, run_folder=run.directory)
    position, item, textual = _found(opened, index, key)
    moved = "" if position == index else f", at position {position} of its source now"
    say(f"item {index} of run {run.id}{moved}: {printable(label(item))}")
    if key == NO_KEY:
        say("note: it has no stable content to be recognised by; this is what stands at its position now")
    call = workload.caller(options, shared, convert_items=textual)
    workload.set_up(options, shared)
    return call, item


def _key(journal: JournalReader, index: int) -> bytes:
    """What the item in that place was recognised by in the run; b"" where it has not got so far.

    Of the sessions the newest that has got so far counts, back to the last that has read its source to the end.
    """
    chunk = """
        SELECT first, keys FROM inputs WHERE first <= :index AND first + count > :index
        AND session >= ifnull((SELECT value FROM about WHERE key = 'read_whole'), 1) ORDER BY session DESC LIMIT 1
    """
    for first, keys in journal.rows(chunk, index=index):
        start = (index - first) * KEY_SIZE
        return bytes(keys[start : start + KEY_SIZE])
    return b""


def _shared(workload: Workload, options: dict[str, object]) -> dict[str, Any]:
    together = workload.together(options)
    if together > 1:
        raise WorkloadError(f"{workload.name}: {together} of its items need each other; one alone would wait for ever")
    return made_alone(workload.shared(options))


def _found(opened: Callable[[], Source], index: int, key: bytes) -> tuple[int, Any, bool]:
    """Where the item of that place in the run stands now, the item, and whether it is text to be converted.

    One that has a key is looked for in the whole source where it does not stand in its old place. Raises WorkloadError
    where there is none any more.
    """
    source = opened()
    found = next(islice(enumerate(source.iterable), index, None), None)
    if key not in (b"", NO_KEY) and (found is None or key_of(found[1]) != key):
        source = opened()
        found = next((place for place in enumerate(source.iterable) if key_of(place[1]) == key), None)
        if found is None:
            raise WorkloadError(f"the source has changed: item {index} of the run is in it no more")
    if found is None:
        raise WorkloadError(f"there is no item {index}: the source ends before")
    return *found, source.textual

"""After the last item: writes the output file and runs the workload's check, in a process of its own.

It reads the results from the journal in input order, one row at a time, so that it holds no more than a row.
"""

import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pooltop.children.capture import PythonStreams
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.mailbox import Mailbox
from pooltop.children.shared.asking import Asking
from pooltop.children.shared.commons import hand_out
from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.run.journal import JournalReader
from pooltop.wire.messages import Collected, Ready
from pooltop.work.declare import EndedWorker, Outcome, PrintedLine


class Results:
    """The return values of the items that have one, in input order; may be iterated more than once."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[Any]:
        with closing(JournalReader(self._journal)) as reader:
            for _first, _count, body in reader.results():
                yield from pickle.loads(body)


class Printed:
    """What the workload has printed, in order; may be iterated more than once."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[PrintedLine]:
        with closing(JournalReader(self._journal)) as reader:
            for line in reader.log():
                if line.kind != "event":
                    yield PrintedLine(line.text, line.pid, line.item)


def as_json(value: object) -> str:
    """One line of JSON; what JSON cannot hold as its repr."""
    try:
        return json.dumps(value, default=repr, allow_nan=False)
    except Exception:  # of the value's own repr, too
        return json.dumps(_repr(value))


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} without a repr: {summary(error)}>"


def write_output(results: Results, output: Path) -> None:
    """Return values as JSON lines. The file appears whole or not at all."""
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.writelines(f"{as_json(result)}\n" for result in results)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _checked(check: Callable[[Outcome], tuple[object, object]], outcome: Outcome) -> tuple[object, object]:
    try:
        expected, actual = check(outcome)
    except Exception as error:
        raise WorkloadError(f"the check raised {summary(error)}", user_traceback(error)) from None
    return expected, actual


def plain(value: object) -> object:
    """The value as messages can hold it, for the screens: an integer beyond 64 bits is the text of its digits."""
    return json.loads(as_json(value), parse_int=lambda digits: int(digits) if _fits(int(digits)) else digits)


def _fits(number: int) -> bool:
    return -(1 << 63) <= number < 1 << 64


def collector_main(
    home: Home, journal: str, items: int, failed: int, workers: tuple[EndedWorker, ...], check: bool
) -> None:
    """The target of the collector process."""
    channel, slot = home.move_in()
    streams = PythonStreams(channel)
    results = Results(Path(journal))
    try:
        try:
            workload, options = obtain_workload(home.assignment)
            channel.send(Ready())
            if home.assignment.spec.output is not None:
                write_output(results, Path(home.assignment.spec.output))
            collected = Collected()
            if check and workload.check is not None:
                outcome = Outcome(
                    results=results,
                    options=options,
                    items=items,
                    failed=failed,
                    own_items=home.assignment.spec.items is None,
                    shared=hand_out(home.commons, Asking(channel, Mailbox(channel), slot)),
                    workers=workers,
                    printed=Printed(Path(journal)),
                )
                expected, actual = _checked(workload.check, outcome)
                collected = Collected(True, plain(expected), plain(actual), bool(expected == actual))
        except BaseException as error:
            report_start(channel, streams, error)
            return
        streams.end_lines()
        channel.send(collected)
    except EOFError:
        signal.raise_signal(signal.SIGKILL)

"""After the last item: writes the output file and runs the workload's check, in a process of its own.

It reads the results from the journal in input order, one row at a time, so that it holds no more than a row.
"""

import io
import json
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from pooltop.children.capture import PythonStreams
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.mailbox import Mailbox
from pooltop.children.shared.asking import Asking
from pooltop.children.shared.commons import hand_out
from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.run.journal import JournalReader
from pooltop.wire.messages import Collected, Ready
from pooltop.work.declare import EndedWorker, Outcome, PrintedLine
from pooltop.work.output import appearing_whole, json_line

LINES_KEPT = 20
"""Of what a check prints, for the account at the end; the log has all of it."""
MOST_PRINTED = 10_000
"""Characters, likewise."""


class Results:
    """The return values of the items that have one, in input order; may be iterated more than once."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[Any]:
        with closing(JournalReader(self._journal)) as reader:
            for stored in reader.results():
                values = pickle.loads(stored.body)
                yield from (values[pick] for pick in stored.picks)


class Printed:
    """What the workload has printed, in order; may be iterated more than once."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[PrintedLine]:
        with closing(JournalReader(self._journal)) as reader:
            for line in reader.log():
                if line.kind != "event":
                    yield PrintedLine(line.text, line.pid, line.item)


def write_output(results: Results, output: Path) -> None:
    """Return values as JSON lines. Raises WorkloadError where they cannot be written."""
    with appearing_whole(output) as file:
        file.writelines(f"{json_line(result)}\n".encode() for result in results)


def checked(check: Callable[[Outcome], tuple[object, object]], outcome: Outcome) -> Collected:
    """What a check says, and prints meanwhile. Raises WorkloadError, with its traceback, where it raises."""
    printed = _Copy(sys.stdout)
    try:
        with redirect_stdout(printed):
            expected, actual = check(outcome)
        return Collected(True, plain(expected), plain(actual), bool(expected == actual), printed.first_lines())
    except Exception as error:
        raise WorkloadError(f"the check raised {summary(error)}", user_traceback(error)) from None


class _Copy(io.StringIO):
    """What is printed, kept as well as passed on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(text)
        return super().write(text) if self.tell() < MOST_PRINTED else len(text)

    def first_lines(self) -> tuple[str, ...]:
        return tuple(self.getvalue().splitlines()[:LINES_KEPT])


def plain(value: object) -> object:
    """The value as messages can hold it, for the screens: an integer beyond 64 bits is the text of its digits."""
    return json.loads(json_line(value), parse_int=lambda digits: int(digits) if _fits(int(digits)) else digits)


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
                collected = checked(workload.check, outcome)
        except BaseException as error:
            report_start(channel, streams, error)
            return
        streams.end_lines()
        channel.send(collected)
    except EOFError:
        signal.raise_signal(signal.SIGKILL)

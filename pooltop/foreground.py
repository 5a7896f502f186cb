"""The program that holds a run's supervisor, and with it the run's lifetime: signals, progress, exit code.

In the foreground it is the command itself (`--headless`); in the background a dashboard or `--detach` has started it
and hears through a pipe whether it has begun.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from pooltop.errors import WorkloadError
from pooltop.launch import ENDING_SIGNALS, Refusal, StartReport
from pooltop.model import ENDED, Failure, Resumption, Snapshot
from pooltop.plain import ProgressLines, say
from pooltop.printable import printable, printable_lines
from pooltop.run.journal import JournalError, JournalReader
from pooltop.run.supervisor import Supervisor
from pooltop.runs import Run, RunError
from pooltop.summary import can_go_on, going_on, is_clean, items_done, summarise, summary_lines
from pooltop.wire.packing import as_json

_REFUSED = 2
"""The exit code of a run that did not begin."""


def main() -> None:
    """`RUN_DIRECTORY [--resume all|failed] [--json FILE] [--report DESCRIPTOR]`; started by `pooltop.launch` only."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--resume", default="", choices=["all", "failed"])
    parser.add_argument("--json", dest="summary")
    parser.add_argument("--report", type=int)
    order = parser.parse_args()
    asyncio.run(_hold_and_leave(Run(order.directory), order.resume, order.summary, Starter(order.report)))


class Starter:
    """Whoever started this run in the background and waits to hear that it has begun; nobody where `pipe` is None."""

    def __init__(self, pipe: int | None) -> None:
        self.exists = pipe is not None
        self._pipe = pipe
        self._told: StartReport | None = None
        if pipe is not None:
            os.set_inheritable(pipe, False)

    def show(self, snapshot: Snapshot) -> None:
        """Tell of the two steps of a beginning, each once; an end may be that of a run which never began."""
        if self._told != "started" and snapshot.state not in ENDED:
            self.tell("starting" if snapshot.state == "starting" else "started")

    @property
    def listens(self) -> bool:
        """Whether it was there when it was last told something: one that has waited long enough goes."""
        return self._pipe is not None

    def tell(self, report: StartReport) -> None:
        """Tell it this, once."""
        if self._pipe is not None and report != self._told:
            self._told = report
            try:
                os.write(self._pipe, as_json(report) + b"\n")
            except OSError:
                self._pipe = None


class EndingSignals:
    """From now on the first signal that ends programs calls `interrupt`, and those after it do nothing more."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self.first: signal.Signals | None = None
        self._interrupt = interrupt
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup asks
                loop.add_signal_handler(number, self._arrived, number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)

    def _arrived(self, number: signal.Signals) -> None:
        if self.first is not None:
            return
        self.first = number
        for ending in ENDING_SIGNALS:
            signal.signal(ending, signal.SIG_IGN)  # a flood of them would fill asyncio's pipe for signals
        self._interrupt()


async def _hold_and_leave(run: Run, resume: Resumption, summary: str | None, starter: Starter) -> NoReturn:
    try:
        code = _report(run, *await _hold(run, resume, starter), summary)
    except (WorkloadError, RunError, JournalError) as error:
        _refuse(error, starter)
        code = _REFUSED
        if not resume and (starter.listens or not starter.exists):
            run.discard()  # it never began, and nobody has seen it
    except BaseException:
        traceback.print_exc()
        code = 1
    _leave(code)


async def _hold(run: Run, resume: Resumption, starter: Starter) -> tuple[Snapshot, signal.Signals | None]:
    """Supervise the run to its end: how it looks then, and what signal ended it. Raises what kept it from starting."""
    with run.lock():
        _raise_descriptor_limit()
        with JournalReader(run.journal) as journal:
            spec = journal.spec()
        os.environ["PYTHONHASHSEED"] = str(spec.hash_seed)
        progress = ProgressLines(None if starter.exists else sys.stderr)

        def show(snapshot: Snapshot) -> None:
            starter.show(snapshot)
            progress.show(snapshot)

        supervisor = Supervisor(run, spec, resume=resume, on_snapshot=show)
        signals = EndingSignals(supervisor.interrupt)
        try:
            final = await supervisor.run()
        finally:
            progress.clear()
        starter.tell("started")  # if it was too short to be seen at work
    return final, signals.first


def _report(run: Run, final: Snapshot, ended_by: signal.Signals | None, summary: str | None) -> int:
    """Say what has become of the run, in words and in JSON; the exit code."""
    if ended_by is None:
        _give_signals_back()
        for line in summary_lines(final, _failures(run, final)):
            say(line)
        code = 0 if is_clean(final) else 1
    else:
        done = items_done(final.progress)
        hint = f"; {going_on(run.id)}" if can_go_on(final) else ""
        say(f"pooltop: {ENDING_SIGNALS[ended_by]}: {done}, kept in run {run.id}{hint}")
        code = 128 + ended_by
    if summary is not None and not _write_summary(run, final, summary):
        return code or 1
    return code


def _write_summary(run: Run, final: Snapshot, target: str) -> bool:
    """Write the object of `--json`; whether that could be done."""
    content = as_json(summarise(final, _failures(run, final))) + b"\n"
    try:
        if target == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        else:
            Path(target).write_bytes(content)
    except OSError as error:
        say(f"pooltop: cannot write {printable(target)}: {error.strerror}")
        return False
    return True


def _failures(run: Run, final: Snapshot) -> Sequence[Failure]:
    """All of them; where the journal cannot be read any more, those of the last snapshot."""
    try:
        with JournalReader(run.journal) as journal:
            return list(journal.failures())
    except JournalError:
        return final.failures


def _refuse(error: WorkloadError | RunError | JournalError, starter: Starter) -> None:
    """Say why the run did not begin, to whoever is there."""
    details = error.details if isinstance(error, WorkloadError) else ""
    starter.tell(Refusal(str(error), details))
    if details:
        say(printable_lines(details))
    say(f"pooltop: {printable(str(error))}")


def _raise_descriptor_limit() -> None:
    """A worker takes five descriptors (`backends/descriptors.py`), and the soft limit is often only 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _give_signals_back() -> None:
    """From here on there is only writing left, and a signal may end that as it would end any program."""
    loop = asyncio.get_running_loop()
    for number in ENDING_SIGNALS:
        if loop.remove_signal_handler(number):
            signal.signal(number, signal.SIG_DFL)


def _leave(code: int) -> NoReturn:
    """End at once: nothing is left to be done, and the interpreter's teardown could wait for a thread."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)

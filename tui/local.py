"""The real engine behind the seam: runs on this machine."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from pooltop import launch
from pooltop.errors import WorkloadError
from pooltop.gallery import gallery
from pooltop.model import Command, Reply, RunSpec, Snapshot
from pooltop.run.journal import JournalError, JournalReader
from pooltop.runs import Run, RunError
from pooltop.wire.link import Link
from pooltop.work import describe
from pooltop.work.describe import Description
from tui.engine import Feed, Refused


class LocalEngine:
    """Runs on this machine; `functions` are those of files that the person has named."""

    def __init__(self, hz: float, functions: Sequence[Description] = ()) -> None:
        self._hz = hz
        self._functions = functions

    def gallery(self) -> Sequence[Description]:
        """See `Engine`."""
        return gallery(Path.cwd(), self._functions)

    def describe(self, workload: str) -> Description:
        """See `Engine`."""
        try:
            return describe.describe(workload, Path.cwd())
        except WorkloadError as error:
            raise Refused(str(error)) from error

    def default_workers(self) -> int:
        """See `Engine`."""
        return launch.default_workers()

    async def start(self, spec: RunSpec) -> Feed:
        """See `Engine`."""
        try:
            run = await launch.start_in_background(spec)
        except launch.StartFailed as error:
            raise Refused(str(error), error.details) from error
        except (RunError, JournalError) as error:
            raise Refused(str(error)) from error
        return await attach(run, self._hz)


class EndedRun:
    """A run that has no supervisor any more: its last snapshot, from its journal."""

    def __init__(self, last: Snapshot) -> None:
        self._last = last

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """See `Feed`."""
        yield self._last

    async def ask(self, _command: Command) -> Reply:
        """See `Feed`."""
        raise ConnectionError("the run has ended")

    async def close(self) -> None:
        """See `Feed`."""


async def attach(run: Run, hz: float) -> Feed:
    """Look at a run, `hz` times a second, or at its end where it has ended.

    Raises `Refused` where nothing of it is left.
    """
    try:
        link = await Link.open(run.socket)
        await link.watch(hz)
    except OSError:
        return _ended(run)
    return link


def _ended(run: Run) -> EndedRun:
    try:
        with JournalReader(run.journal) as journal:
            last = journal.snapshot()
    except JournalError as error:
        raise Refused(str(error)) from error
    if last is None:
        raise Refused(f"run {run.id} ended before it began")
    return EndedRun(last)

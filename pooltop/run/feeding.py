"""The run's source, as the supervisor sees it: a feeder that gives items, is replaced when it is killed, and may fail.

A feeder that takes the place of one that died reads the same source anew, and goes on behind the items that have come.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from pooltop.backends.local import LocalProcesses, PreloadHangs, StartError
from pooltop.children.feeder import FeederStart, feeder_main
from pooltop.children.home import Assignment
from pooltop.errors import WorkloadError, user_dump
from pooltop.model import Resumption, RunSpec
from pooltop.run.contact import SIGNALS_FROM_OUTSIDE
from pooltop.run.crew import Crew
from pooltop.run.errands import Errands
from pooltop.run.journal import Journal
from pooltop.run.logbook import ImportOutput, Logbook
from pooltop.wire.channel import Body
from pooltop.wire.messages import Items, Kept, LeftOut, Message, Ready, SourceEnded
from pooltop.work.items import reads_stdin

FEEDER = "feeder"
MOST_LOST = 5
"""How many feeders may be killed, one after another, before the run does without."""


class Feeding:
    """`open` first, then `feed` the crew. `on_change` is called when screens should show what has happened."""

    def __init__(
        self,
        spec: RunSpec,
        journal_file: Path,
        journal: Journal,
        processes: LocalProcesses,
        errands: Errands,
        logbook: Logbook,
        imported: ImportOutput,
        *,
        resume: Resumption,
        on_change: Callable[[], None],
    ) -> None:
        self.error = ""
        """What the source has ended with, one line."""
        self.left_out = 0
        """Items that were not to be run this time, and have no end."""
        self.notes: tuple[str, ...] = ()
        self._spec = spec
        self._reads_stdin = reads_stdin(spec.items)
        self._start = FeederStart(journal=str(journal_file), session=journal.session + 1, resume=resume)
        self._journal = journal
        self._processes = processes
        self._errands = errands
        self._logbook = logbook
        self._imported = imported
        self._on_change = on_change
        self._assignment: Assignment | None = None
        self._crew: Crew | None = None
        self._lost = 0
        self._death_before_crew = ""

    async def open(self, assignment: Assignment) -> Ready:
        """Have the user's module imported and their source opened. Raises WorkloadError."""
        self._assignment = assignment
        self._processes.prepare(assignment)
        ready = await self._begin(self._start)
        if ready.threads:
            # Forking after threads have started is not safe.
            self._logbook.event("the import started threads, so each worker imports the module itself")
            await self._errands.dismiss(FEEDER)
            await self._processes.end_fork_server()
            self._processes.prepare(assignment, preload_target=False)
            ready = await self._begin(self._start)
        if self._start.resume and ready.shared:
            names = ", ".join(ready.shared)
            raise WorkloadError(
                f"{self._spec.workload} cannot be resumed: what its workers share ({names}) has ended with them"
            )
        return ready

    def feed(self, crew: Crew) -> None:
        """From now on items go to this crew."""
        self._crew = crew
        if self._death_before_crew:
            self._died(self._death_before_crew)

    def tell(self, message: Message) -> None:
        """To the feeder."""
        self._errands[FEEDER].send(message)

    async def _begin(self, start: FeederStart) -> Ready:
        assert self._assignment is not None
        self._death_before_crew = ""
        try:
            return await self._errands.send(
                FEEDER,
                feeder_main,
                self._assignment,
                start,
                until=Ready,
                stdin=0 if self._reads_stdin else None,
                then=self._heard,
                on_end=self._died,
            )
        except PreloadHangs as hang:
            self._logbook.event(f"{hang}, so each worker imports the module itself")
            return await self._begin(start)
        except StartError as error:
            raise WorkloadError(f"{self._spec.workload}: {error}", user_dump(self._imported.read())) from error
        finally:
            for line in self._imported.read().splitlines():
                self._logbook.printed(line)

    def _heard(self, message: Message, body: Body) -> None:
        crew = self._crew
        assert crew is not None  # it says nothing unless it is asked
        match message:
            case Items():
                self._lost = 0
                crew.items_came(message, body)
            case Kept():
                crew.items_kept(message)
            case LeftOut():
                self._journal.inputs(message.first, message.count, message.keys)
            case SourceEnded(""):
                self._ended(crew, message)
            case SourceEnded(error, details):
                for line in details.splitlines():
                    self._logbook.printed(line, error_stream=True)
                self._failed(error)

    def _ended(self, crew: Crew, message: SourceEnded) -> None:
        if message.notes and not (crew.scheduler.items.come or message.left_out):
            # As from an empty standard input: better to fail than to call that the end of everything.
            self._failed("there are none any more; the results that are there are kept")
            return
        self._journal.source_ended()
        self.left_out = message.left_out
        self.notes += message.notes
        for note in message.notes:
            self._logbook.event(note)
        crew.source_ended()

    def _died(self, how: str) -> None:
        crew = self._crew
        if crew is None:
            self._death_before_crew = how
        elif not crew.ending:
            if crew.scheduler.source_ended or not self._may_be_read_again(how):
                crew.feeder_lost()
                if not crew.scheduler.source_ended:
                    self._failed(f"the feeder died: {how}")
                return
            self._logbook.event(f"the feeder died: {how}; the items are read anew")
            crew.chunks.feeder_gone()
            crew.background(self._read_again(crew, how))

    def _may_be_read_again(self, how: str) -> bool:
        """Whether it died of something from outside, and what it has given can be had once more."""
        self._lost += 1
        outside = how in SIGNALS_FROM_OUTSIDE or self._errands.lost_with_fork_server(FEEDER)
        return outside and self._lost <= MOST_LOST and not self._reads_stdin

    async def _read_again(self, crew: Crew, how: str) -> None:
        await asyncio.to_thread(self._journal.flush)
        start = FeederStart(
            journal=self._start.journal,
            session=self._start.session,
            resume=self._start.resume,
            next_chunk=crew.chunks.next_number,
            in_flight=crew.chunks.in_flight(),
        )
        try:
            await self._begin(start)
        except WorkloadError as error:
            if not crew.ending:
                crew.feeder_lost()
                self._failed(f"the feeder died: {how}; and then: {error}")
        else:
            crew.chunks.feeder_back(self.tell)

    def _failed(self, error: str) -> None:
        """What it gave before is finished and kept; the run ends failed."""
        self.error = error
        self._logbook.event(f"the items ended with an error: {error}")
        self._on_change()
        if self._crew is not None:
            self._crew.source_ended()

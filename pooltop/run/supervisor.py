"""A run from its start to its end: the source, the sequential baseline, the pool, the check.

One event loop; no user code runs here and nothing of the user's is unpickled. What happens inside the pool is the
crew's; what the run looks like from outside is the portrait's.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from pooltop.backends.descriptors import too_many
from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.baseline import baseline_main
from pooltop.children.collector import collector_main
from pooltop.children.home import Assignment
from pooltop.cpus import usable_cpus
from pooltop.errors import summary
from pooltop.figures import plural
from pooltop.model import Baseline, Check, Command, Resumption, RunSpec, RunState, Snapshot, Stop
from pooltop.rules.headcount import workers_for
from pooltop.rules.scheduler import Scheduler
from pooltop.run import commands
from pooltop.run.crew import Crew
from pooltop.run.errands import Errands
from pooltop.run.feeding import Feeding
from pooltop.run.joblog import JobLog
from pooltop.run.journal import Journal, JournalError, JournalReader
from pooltop.run.ledger import Ledger
from pooltop.run.logbook import ImportOutput, Logbook
from pooltop.run.portrait import BASELINE, Portrait
from pooltop.run.sharing import Sharing
from pooltop.run.watching import Watching
from pooltop.runs import Run, RunError
from pooltop.wire.link import Server
from pooltop.wire.messages import BaselineDone, Collected
from pooltop.wire.slots import Slot
from pooltop.work.imported import WorkloadError, locate

EVENT_SECONDS = 0.05
"""Events closer together than this share a snapshot."""
GOODBYE_SECONDS = 1.0
"""How long workers may take to end by themselves once there is nothing left to do."""
BASELINE_SLOT = 0

T = TypeVar("T")


class _Cut(Exception):
    """The run ends before its time; `state` and `reason` say how."""

    def __init__(self, state: RunState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class Supervisor:
    """Runs one run. `on_snapshot` is called in the loop twice a second and at events."""

    def __init__(
        self,
        run: Run,
        spec: RunSpec,
        *,
        resume: Resumption = "",
        on_snapshot: Callable[[Snapshot], None] | None = None,
    ) -> None:
        self._run = run
        self._spec = spec
        self._resume: Resumption = resume
        self._on_snapshot = on_snapshot or (lambda _: None)
        self._crew: Crew | None = None
        self._showing_soon = False
        self._session_begun = False

    async def run(self) -> Snapshot:
        """To the end; the final snapshot.

        Raises WorkloadError for what is wrong with the workload, its options or its items, found while starting, and
        JournalError when there is no recording it at all; one that cannot be recorded to its end has failed.
        """
        async with self._equipped():
            state: RunState = "finished"
            reason = ""
            refused: WorkloadError | None = None
            try:
                await self._from_start_to_end()
                state, reason = self._outcome()
            except _Cut as cut:
                state, reason = cut.state, cut.reason
            except JournalError as error:
                state, reason = "failed", str(error)
            except WorkloadError as error:
                state, reason, refused = "failed", str(error), error
            finally:
                await self._end_children()
            snapshot = self._conclude(state, reason)
            if refused is not None:
                raise refused
            return snapshot

    def _outcome(self) -> tuple[RunState, str]:
        """Of a run that was not cut short."""
        if self._feeding.error:
            return "failed", f"the items ended with an error: {self._feeding.error}"
        if self._crew is not None and self._crew.scheduler.halted:
            return "failed", self._crew.scheduler.halted
        if left_out := self._feeding.left_out:
            return "stopped", f"only the failures were run again; {plural(left_out, 'other item')} had not ended before"
        return "finished", ""

    def interrupt(self) -> None:
        """From a signal handler in the loop: kill everything now, keep what is finished."""
        self._cut_short("stopped", "interrupted")

    # The course of a run

    async def _from_start_to_end(self) -> None:
        target = locate(self._spec.workload, Path(self._spec.directory))
        assignment = Assignment(
            spec=self._spec, target=target, run_folder=str(self._run.directory), runtime=str(self._run.runtime)
        )
        began = time.monotonic()
        source = self._portrait.source = await self._or_cut(self._feeding.open(assignment))
        await self._begin_session()
        self._portrait.startup_before_pool = time.monotonic() - began - source.source_seconds
        self._portrait.workers = workers_for(self._spec, source.together, source.total, usable_cpus())
        if complaint := too_many(self._portrait.workers):
            raise WorkloadError(complaint)
        if self._spec.baseline == "full" and not self._resume:
            await self._measure_baseline(assignment)
        crew = await self._run_pool(replace(assignment, convert_items=source.textual))
        await self._collect(assignment, crew)

    async def _begin_session(self) -> None:
        """From here on the journal shows this session; until now it showed what a former one has left."""
        session = self._journal.begin_session()
        if self._joblog is not None and self._spec.joblog_anew and not self._resume:
            self._joblog.begin_anew()
        if self._resume:
            self._logbook.event(f"resumed: session {session}")
        self._session_begun = True
        self._show_and_store()
        await asyncio.to_thread(self._journal.flush)

    async def _measure_baseline(self, assignment: Assignment) -> None:
        self._portrait.state = "baseline"
        self._portrait.baseline_slot = Slot(self._processes.slots, BASELINE_SLOT)
        self._ledger.restart_clock()
        self._logbook.event("baseline: the same items in a plain loop in one process")
        self._show_soon()
        fresh = replace(assignment, fresh=True)
        try:
            done = await self._or_cut(
                self._errands.send(
                    BASELINE,
                    baseline_main,
                    fresh,
                    until=BaselineDone,
                    slot_number=BASELINE_SLOT,
                    sharing=self._share("baseline"),
                    tries=1,
                )
            )
        except (StartError, WorkloadError) as error:
            self._logbook.event(f"no baseline: {error}")
            return
        self._portrait.baseline = Baseline(done.seconds, "full")
        self._logbook.event(f"baseline: {done.items} items in {done.seconds:.2f} s")

    async def _run_pool(self, assignment: Assignment) -> Crew:
        complete = asyncio.Event()
        crew = Crew(
            Scheduler(
                self._portrait.workers,
                retries=self._spec.retries,
                chunksize=self._spec.chunksize,
                together=self._portrait.source.together,
                maxtasks=self._spec.maxtasksperchild,
                halt=self._spec.halt,
            ),
            self._processes,
            assignment,
            sharing=self._share("pool"),
            recorder=self._ledger,
            joblog=self._joblog,
            logbook=self._logbook,
            tell_feeder=self._feeding.tell,
            on_complete=complete.set,
            on_failure=self._pool_failed,
            on_event=self._pool_event,
            memory_of=self._portrait.memory_of,
        )
        self._crew = self._portrait.crew = crew
        self._watching.begin(crew)
        self._portrait.state = "running"
        self._portrait.pool_began = time.monotonic()
        self._ledger.restart_clock()
        crew.start()
        self._feeding.feed(crew)
        await self._or_cut(complete.wait())
        await self._or_cut(crew.disband(GOODBYE_SECONDS))
        return crew

    def _share(self, whose: str) -> Sharing:
        """Fresh shared objects, as the workload declares them."""
        lock_file = self._run.runtime / f"{whose}.locks"
        sharing = Sharing(self._portrait.source.shared, self._processes.context, lock_file, self._logbook.event)
        if self._portrait.sharing is not None:
            self._portrait.sharing.close()
        self._portrait.sharing = sharing
        return sharing

    async def _collect(self, assignment: Assignment, crew: Crew) -> None:
        check = self._portrait.source.checked and self._outcome()[0] == "finished"
        if not (check or self._spec.output):
            return
        self._portrait.state = "checking"
        self._show_soon()
        await asyncio.to_thread(self._journal.flush)
        failed = crew.scheduler.items.failed
        arguments = (str(self._run.journal), crew.scheduler.items.done + failed, failed, tuple(crew.ended), check)
        try:
            collected = await self._or_cut(
                self._errands.send(
                    "collector", collector_main, assignment, *arguments, until=Collected, sharing=crew.sharing
                )
            )
        except (StartError, WorkloadError) as error:
            raise _Cut("failed", f"after the last item: {error}") from error
        self._portrait.collected = True
        if collected.checked:
            run_again = 0 if collected.ok else crew.scheduler.items.retried
            notes = crew.sharing.notes(run_again)
            self._portrait.check = Check(collected.expected, collected.actual, collected.ok, notes, collected.printed)

    def _conclude(self, state: RunState, reason: str) -> Snapshot:
        self._portrait.conclude(state, reason)
        with suppress(JournalError):  # of which the reason tells
            self._logbook.event(f"run {state}: {reason}" if reason else f"run {state}")
        snapshot = self._portrait.snapshot()
        with suppress(JournalError):
            self._store(snapshot)
        self._on_snapshot(snapshot)
        return snapshot

    def _show_and_store(self) -> None:
        snapshot = self._portrait.snapshot()
        self._on_snapshot(snapshot)
        self._store(snapshot)

    def _store(self, snapshot: Snapshot) -> None:
        """For those who look when the run has ended; one that cannot be resumed stays as it was."""
        if self._session_begun or not self._resume:
            self._journal.state(snapshot)

    async def _end_children(self) -> None:
        self._processes.close()
        if self._crew is not None:
            await self._crew.disband(0.0)
        await self._errands.close()
        if self._portrait.sharing is not None:
            self._portrait.sharing.close()

    # What cuts it short

    async def _or_cut(self, work: Awaitable[T]) -> T:
        """Wait for work, or raise `_Cut` as soon as the run is cut short."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._cut}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._cut.done():
            task.cancel()
            self._cut.result()
        return await task

    def _cut_short(self, state: RunState, reason: str) -> None:
        if not self._cut.done():
            self._cut.set_exception(_Cut(state, reason))

    def _went_wrong(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception that nobody waits for, in a callback or a task: the run must not stand there for ever.

        One of a screen's connection (it has a `transport`) is no matter of the run.
        """
        error = context.get("exception")
        if isinstance(error, JournalError):
            self._cut_short("failed", str(error))
            return
        loop.default_exception_handler(context)
        if error is not None and "transport" not in context:
            self._cut_short("failed", f"pooltop itself went wrong: {summary(error)}")

    def _pool_failed(self, error: str, details: str) -> None:
        for line in details.splitlines():
            self._logbook.printed(line, error_stream=True)
        self._cut_short("failed", error)

    # Screens and commands

    async def _execute(self, command: Command) -> commands.Answer:
        if isinstance(command, Stop):
            self._logbook.event("stopped by you")
            self._cut_short("stopped", "stopped by you")
            return True, "the run is being stopped; what is finished is kept"
        if self._crew is None or self._portrait.state != "running":
            return False, f"there are no workers now: the run is {self._portrait.state}"
        answer = await commands.execute(self._crew, command)
        self._show_soon()
        return answer

    def _pool_event(self) -> None:
        """Something has happened that a person wants to see at once, or that ends the run."""
        halt = self._spec.halt
        if halt and halt.when == "now" and self._crew and self._crew.scheduler.halted:
            self._cut_short("failed", self._crew.scheduler.halted)
        self._show_soon()

    def _show_soon(self) -> None:
        if not self._showing_soon:
            self._showing_soon = True
            asyncio.get_running_loop().call_later(EVENT_SECONDS, self._show)

    def _show(self) -> None:
        self._showing_soon = False
        self._server.push()
        self._on_snapshot(self._portrait.snapshot())

    # Equipment

    @asynccontextmanager
    async def _equipped(self) -> AsyncIterator[None]:
        """Everything the run stands on, put up and, whatever happens, taken down again. Raises RunError."""
        try:
            self._put_up()
            await self._server.start()
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise RunError(f"run {self._run.id} cannot be set up: {error.strerror or error}{where}") from error
        asyncio.get_running_loop().set_exception_handler(self._went_wrong)
        watches = [self._server.ticker, *map(asyncio.ensure_future, self._watching.watches())]
        for watch in watches:
            watch.add_done_callback(_raise_its_error)
        try:
            yield
        finally:
            for watch in watches:
                watch.cancel()
            await self._server.close()
            if self._past is not None:
                self._past.close()
            with suppress(JournalError):
                self._journal.close()
            if self._joblog is not None:
                with suppress(JournalError):
                    self._joblog.close()

    def _put_up(self) -> None:
        self._cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._imported = ImportOutput(self._run.runtime / "import.log")
        self._journal = Journal.create(self._run.journal, self._spec)
        self._joblog = JobLog(Path(self._spec.joblog), self._spec.workload) if self._spec.joblog else None
        self._past = JournalReader(self._run.journal) if self._resume else None
        self._logbook = Logbook(self._journal, self._past.last_line() if self._past else 0)
        self._ledger = Ledger(self._journal, self._past)
        self._processes = LocalProcesses(self._spec.start_method, self._run.runtime, self._imported.path)
        self._errands = Errands(self._processes, self._logbook)
        self._feeding = Feeding(
            self._spec,
            self._run.journal,
            self._journal,
            self._processes,
            self._errands,
            self._logbook,
            self._imported,
            resume=self._resume,
            on_change=self._show_soon,
        )
        self._portrait = Portrait(self._run, self._spec, self._feeding, self._ledger, self._logbook, self._errands)
        self._watching = Watching(
            self._spec,
            self._portrait,
            self._processes,
            self._errands,
            self._ledger,
            self._journal,
            self._logbook,
            cut_short=self._cut_short,
            on_sample=self._show_and_store,
        )
        self._server = Server(self._run.socket, self._portrait.snapshot, self._execute)


def _raise_its_error(task: asyncio.Task[None]) -> None:
    """As a callback: nobody waits for this task, but its error must be heard of."""
    if not task.cancelled():
        task.result()

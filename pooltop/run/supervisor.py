"""A run from its start to its end: the source, the sequential baseline, the pool, the check.

One event loop; no user code runs here and nothing of the user's is unpickled. What happens inside the pool is the
crew's; what the run looks like from outside is the portrait's.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.baseline import baseline_main
from pooltop.children.collector import collector_main
from pooltop.children.feeder import feeder_main
from pooltop.children.home import Assignment
from pooltop.cpus import usable_cpus
from pooltop.errors import summary, user_dump
from pooltop.model import Baseline, Check, Command, RunSpec, RunState, Snapshot, Stop
from pooltop.rules.headcount import workers_for
from pooltop.rules.scheduler import Scheduler
from pooltop.run import commands
from pooltop.run.crew import Crew
from pooltop.run.errands import SCRATCH_SLOT, Errands
from pooltop.run.journal import Journal, JournalError
from pooltop.run.ledger import Ledger
from pooltop.run.logbook import ImportOutput, Logbook
from pooltop.run.portrait import BASELINE, Portrait
from pooltop.run.sampler import Sampler, stopped
from pooltop.run.sharing import Party, Sharing
from pooltop.run.standstill import Standstill
from pooltop.runs import Run
from pooltop.wire.channel import Body
from pooltop.wire.link import Server
from pooltop.wire.messages import BaselineDone, Collected, Items, Message, Ready, SourceEnded
from pooltop.wire.slots import Slot
from pooltop.work.imported import WorkloadError, locate
from pooltop.work.items import reads_stdin

HEALTH_SECONDS = 0.25
"""How often stopped workers are looked for."""
SAMPLE_SECONDS = 0.5
EVENT_SECONDS = 0.05
"""Events closer together than this share a snapshot."""
GOODBYE_SECONDS = 1.0
"""How long workers may take to end by themselves once there is nothing left to do."""
MOST_UNWRITTEN = 64 << 20
"""Bytes that may wait for the journal; above it workers wait with what they have to say."""
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

    def __init__(self, run: Run, spec: RunSpec, *, on_snapshot: Callable[[Snapshot], None] | None = None) -> None:
        self._run = run
        self._spec = spec
        self._on_snapshot = on_snapshot or (lambda _: None)
        self._crew: Crew | None = None
        self._source_error = ""
        self._showing_soon = False

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
                if self._source_error:
                    state, reason = "failed", f"the items ended with an error: {self._source_error}"
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

    def interrupt(self) -> None:
        """From a signal handler in the loop: kill everything now, keep what is finished."""
        self._cut_short("stopped", "interrupted")

    # The course of a run

    async def _from_start_to_end(self) -> None:
        target = locate(self._spec.workload, Path(self._spec.directory))
        assignment = Assignment(spec=self._spec, target=target, run_folder=str(self._run.directory))
        began = time.monotonic()
        source = self._portrait.source = await self._open_source(assignment)
        self._portrait.startup_before_pool = time.monotonic() - began - source.source_seconds
        self._portrait.workers = workers_for(self._spec, source.together, source.total, usable_cpus())
        if self._spec.baseline == "full":
            await self._measure_baseline(assignment)
        crew = await self._run_pool(replace(assignment, convert_items=source.textual))
        await self._collect(assignment, crew)

    async def _open_source(self, assignment: Assignment) -> Ready:
        self._processes.prepare(assignment)
        ready = await self._start_feeder(assignment)
        if ready.threads:
            # Forking after threads have started is not safe.
            self._logbook.event("the import started threads, so each worker imports the module itself")
            await self._errands.dismiss("feeder")
            await self._processes.end_fork_server()
            self._processes.prepare(assignment, preload_target=False)
            ready = await self._start_feeder(assignment)
        return ready

    async def _start_feeder(self, assignment: Assignment) -> Ready:
        stdin = 0 if reads_stdin(self._spec.items) else None
        try:
            return await self._or_cut(
                self._errands.send(
                    "feeder",
                    feeder_main,
                    assignment,
                    until=Ready,
                    stdin=stdin,
                    then=self._from_feeder,
                    on_end=self._feeder_ended,
                )
            )
        except StartError as error:
            raise WorkloadError(f"{self._spec.workload}: {error}", user_dump(self._imported.read())) from error
        finally:
            for line in self._imported.read().splitlines():
                self._logbook.printed(line)

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
            ),
            self._processes,
            assignment,
            sharing=self._share("pool"),
            recorder=self._ledger,
            logbook=self._logbook,
            tell_feeder=self._errands["feeder"].send,
            on_complete=complete.set,
            on_failure=self._pool_failed,
            on_event=self._show_soon,
        )
        self._crew = self._portrait.crew = crew
        self._portrait.state = "running"
        self._portrait.pool_began = time.monotonic()
        self._ledger.restart_clock()
        crew.start()
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
        check = self._portrait.source.checked and not self._source_error
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
            self._journal.state(snapshot)
        self._on_snapshot(snapshot)
        return snapshot

    # The source

    def _from_feeder(self, message: Message, body: Body) -> None:
        match message:
            case Items() if self._crew:
                self._crew.items_came(message, body)
            case SourceEnded("") if self._crew:
                self._crew.source_ended()
            case SourceEnded(error, details):
                for line in details.splitlines():
                    self._logbook.printed(line, error_stream=True)
                self._source_failed(error)

    def _feeder_ended(self, how: str) -> None:
        if self._crew is None or self._crew.ending:
            return
        self._crew.feeder_gone()
        if not self._crew.scheduler.source_ended:
            self._source_failed(f"the feeder died: {how}")

    def _source_failed(self, error: str) -> None:
        """What it gave before is finished and kept; the run ends failed."""
        self._source_error = error
        self._portrait.source_failed = True
        self._logbook.event(f"the items ended with an error: {error}")
        if self._crew:
            self._crew.source_ended()

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

    def _show_soon(self) -> None:
        if not self._showing_soon:
            self._showing_soon = True
            asyncio.get_running_loop().call_later(EVENT_SECONDS, self._show)

    def _show(self) -> None:
        self._showing_soon = False
        self._server.push()
        self._on_snapshot(self._portrait.snapshot())

    async def _watch_health(self) -> None:
        standstill = Standstill()
        while True:
            await asyncio.sleep(HEALTH_SECONDS)
            if self._portrait.state == "baseline":
                self._ledger.baseline_reached(Slot(self._processes.slots, BASELINE_SLOT).done)
                self._end_if_stuck(standstill, BASELINE, BASELINE_SLOT)
            if self._portrait.state == "checking":
                self._end_if_stuck(standstill, "collector", SCRATCH_SLOT)
            if self._crew is not None:
                self._crew.tick(stopped(self._portrait.pids()))
                self._crew.listen(self._journal.pending_bytes < MOST_UNWRITTEN)
                if deadlock := standstill.of_crew(self._crew):
                    self._cut_short("failed", f"deadlock: {deadlock}")

    def _end_if_stuck(self, standstill: Standstill, errand: str, slot_number: int) -> None:
        """A process that is alone with its shared objects may wait for something that nobody will ever do."""
        pid = self._errands.pid(errand)
        if pid is None or self._portrait.sharing is None:
            return
        party = Party(slot_number, pid, Slot(self._processes.slots, slot_number))
        if deadlock := standstill.of_one(self._portrait.sharing, party):
            self._logbook.event(f"{errand}: deadlock: {deadlock}")
            if errand == BASELINE:
                self._errands[errand].kill()  # the pool may do better
            else:
                self._cut_short("failed", f"after the last item: deadlock: {deadlock}")

    async def _watch_machine(self, sampler: Sampler) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="sampler") as thread:
            while True:
                sample = await loop.run_in_executor(thread, sampler.sample, self._portrait.pids())
                self._portrait.saw_machine(sample)
                self._on_snapshot(snapshot := self._portrait.snapshot())
                self._journal.state(snapshot)
                await asyncio.sleep(SAMPLE_SECONDS)

    # Equipment

    @asynccontextmanager
    async def _equipped(self) -> AsyncIterator[None]:
        """Everything the run stands on, put up and, whatever happens, taken down again."""
        self._cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._imported = ImportOutput(self._run.runtime / "import.log")
        self._journal = Journal.create(self._run.journal, self._spec)
        self._logbook = Logbook(self._journal)
        self._ledger = Ledger(self._journal)
        self._processes = LocalProcesses(self._spec.start_method, self._run.runtime, self._imported.path)
        self._errands = Errands(self._processes, self._logbook)
        self._portrait = Portrait(self._run, self._spec, self._ledger, self._logbook, self._errands)
        self._server = Server(self._run.socket, self._portrait.snapshot, self._execute)
        await self._server.start()
        asyncio.get_running_loop().set_exception_handler(self._went_wrong)
        watches = [asyncio.ensure_future(w) for w in (self._watch_health(), self._watch_machine(Sampler()))]
        watches.append(self._server.ticker)
        for watch in watches:
            watch.add_done_callback(_raise_its_error)
        try:
            yield
        finally:
            for watch in watches:
                watch.cancel()
            await self._server.close()
            with suppress(JournalError):
                self._journal.close()


def _raise_its_error(task: asyncio.Task[None]) -> None:
    """As a callback: nobody waits for this task, but its error must be heard of."""
    if not task.cancelled():
        task.result()

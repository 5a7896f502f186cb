"""The workers of a run: carries out what the scheduler asks for, and tells it what happens to the processes."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.home import Assignment, stacks_of
from pooltop.children.worker import worker_main
from pooltop.rules.actions import (
    Accept,
    Action,
    Ask,
    Begun,
    Fail,
    Forget,
    Give,
    Kill,
    Range,
    Recall,
    Remove,
    Repack,
    Retire,
    Spawn,
)
from pooltop.rules.pace import SLICE_SECONDS
from pooltop.rules.scheduler import Scheduler
from pooltop.run import deaths
from pooltop.run.bench import Bench
from pooltop.run.chunks import Chunks, ToFeeder
from pooltop.run.contact import KILL_SECONDS, Contact
from pooltop.run.intake import Intake, Recorder
from pooltop.run.joblog import JobLog
from pooltop.run.logbook import Logbook
from pooltop.run.sharing import Sharing
from pooltop.run.standing import Standing
from pooltop.run.starts import Starts
from pooltop.wire.channel import Body
from pooltop.wire.messages import (
    Abandoned,
    Call,
    CannotStart,
    CounterNamed,
    End,
    FailedItem,
    Items,
    Kept,
    Message,
    Ready,
    Returned,
    RunRange,
    Unreadable,
    Withdraw,
)
from pooltop.wire.slots import Slot
from pooltop.work.declare import EndedWorker

PIDS_KEPT = 1000
NOT_NEEDED = "ended"
"""Why a process is killed when the run ends; one that has nothing in hand then does not count as killed."""


class Crew:
    """Workers, wired to the scheduler. `on_complete` is called when every item has ended, `on_failure` with one line
    (and the user's traceback) when no worker can be started."""

    def __init__(
        self,
        scheduler: Scheduler,
        processes: LocalProcesses,
        assignment: Assignment,
        *,
        sharing: Sharing,
        recorder: Recorder,
        joblog: JobLog | None,
        logbook: Logbook,
        tell_feeder: Callable[[ToFeeder], None],
        on_complete: Callable[[], None],
        on_failure: Callable[[str, str], None],
        on_event: Callable[[], None],
        memory_of: Callable[[int], int | None],
    ) -> None:
        self.scheduler = scheduler
        self.sharing = sharing
        self.benches: dict[int, Bench] = {}
        self.started = 0
        """Processes."""
        self.pids: deque[int] = deque(maxlen=PIDS_KEPT)
        """Theirs, of the newest."""
        self.ended: list[EndedWorker] = []
        self.killed = 0
        self.first_dispatch: float | None = None
        self.sizes: list[tuple[float, int]] = []
        """Since when the pool has had each of its sizes."""
        self.ending = False
        self.listening = True
        self._processes = processes
        self._assignment = assignment
        self._retries_exceptions = assignment.spec.retry_exceptions
        self._recorder = recorder
        self._logbook = logbook
        self._on_complete = on_complete
        self._starts = Starts(on_failure)
        self._on_event = on_event
        self._memory_of = memory_of
        self.chunks = Chunks(tell_feeder)
        self.intake = Intake(recorder, self.chunks, joblog)
        self._dying: Bench | None = None
        """Whose process's death is being dealt with."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.standing = Standing(self.note, self._stands_or_goes_on)

    # Events

    def start(self) -> None:
        """Start the first workers."""
        self.do(self.scheduler.start())

    def items_came(self, message: Items, body: Body) -> None:
        """The feeder has sent a chunk."""
        chunk, again = self.chunks.take_in(message, body)
        if again is None:
            self._recorder.inputs(message.first, message.count, message.keys)
            self.do(self.scheduler.items_came(chunk, message.count, len(body), answered=message.answered))
        else:
            self.do(self.scheduler.repacked(chunk, again))

    def items_kept(self, message: Kept) -> None:
        """The feeder has found items that had ended before the run was resumed."""
        self._recorder.kept(message)
        self.do(self.scheduler.kept(message.count, message.failed))

    def source_ended(self) -> None:
        """The feeder has no more."""
        self.do(self.scheduler.source_ends())

    def resize(self, workers: int) -> None:
        """Make it n workers."""
        if self.first_dispatch is not None:
            self.sizes.append((time.monotonic(), workers))
        self.do(self.scheduler.resize(workers))

    def feeder_lost(self) -> None:
        """There is none any more, so nobody can repack anything."""
        for piece in self.chunks.lose_feeder():
            self._give_up(piece)

    def tick(self, stopped: Iterable[int]) -> None:
        """Time passes; these PIDs stand still, whoever stopped them."""
        self.standing.seen(self.alive(), set(stopped))
        self.do(self.scheduler.tick(time.monotonic(), self._waiting_for_others()))

    def _stands_or_goes_on(self, bench: Bench) -> None:
        """What a worker that stands still has not begun goes to the others."""
        if bench.frozen:
            self.do(self.scheduler.froze(bench.number, bench.frozen, bench.begun()))
        else:
            self.do(self.scheduler.thawed(bench.number))

    def _waiting_for_others(self) -> set[int]:
        """The slots whose workers go on only when others do."""
        waits = {bench.number: bench.view.wait() for bench in self.alive()}
        return {number for number, wait in waits.items() if wait is not None and wait.endless}

    def take_back(self, bench: Bench) -> bool:
        """Give to others what a worker that waits has not begun; whether there was anything."""
        begun = bench.begun()
        if not self.scheduler.has_more_than(bench.number, begun):
            return False
        self.do(self.scheduler.take_back(bench.number, begun))
        return True

    def listen(self, wanted: bool) -> None:
        """Take what workers say, or (False) leave them to wait with it."""
        if wanted != self.listening:
            self.listening = wanted
            for bench in self.alive():
                assert bench.contact is not None
                bench.contact.read(wanted)

    def event(self, text: str) -> None:
        """Something happened to the pool, to the log."""
        self._logbook.event(text)
        self._on_event()

    def note(self, bench: Bench, text: str) -> None:
        """An event of one worker, to the log."""
        pid = bench.contact.pid if bench.contact else None
        self._logbook.event(f"worker {bench.number} ({pid}) {text}", slot=bench.number, pid=pid)
        self._on_event()

    def _message(self, bench: Bench, message: Message, body: Body) -> None:
        match message:
            case Returned():
                self._returned(bench, message, body)
            case Ready():
                self._ready(bench)
            case Unreadable(ticket):
                self.do(self.scheduler.unreadable(bench.number, ticket))
            case Call() | Withdraw() | Abandoned():
                self.sharing.message(bench.number, message, body)
            case CounterNamed(word, name):
                bench.counter_names[word] = name
            case CannotStart(error, details):
                bench.cannot_start = (error, details)

    def _ready(self, bench: Bench) -> None:
        bench.ready = True
        self.sharing.ready(bench.number)
        if bench.gone_at is not None:
            took = time.monotonic() - bench.gone_at
            pid = bench.contact.pid if bench.contact else 0
            self._logbook.event(
                f"worker {bench.number} is {pid}, at work after {1000 * took:.0f} ms", slot=bench.number, pid=pid
            )
            bench.gone_at = None
        self.do(self.scheduler.worker_ready(bench.number))

    def _returned(self, bench: Bench, message: Returned, body: Body) -> None:
        self._starts.succeeded(bench)
        message, sentenced = self._with_sentence(bench, message)
        done = Range(message.chunk, message.lo, message.upto)
        attempts = self.scheduler.items.attempts(message.chunk, message.upto - 1)
        actions = self.scheduler.returned(
            bench.number,
            message.ticket,
            done,
            failed=len(message.failures),
            seconds=message.seconds,
            again=sentenced or (message.raised and self._retries_exceptions),
        )
        accepted = next((action.range for action in actions if isinstance(action, Accept)), done._replace(hi=done.lo))
        if accepted.lo < accepted.hi:
            self.intake.returned(bench, accepted, attempts, message, body)
            if message.failures:
                self._on_event()
        if self.scheduler.items.attempts(message.chunk, message.upto - 1) > attempts:
            self._tell_retry(bench, message.failures[-1], attempts)
        first = self.chunks.first(message.chunk)
        self.sharing.ended(bench.number, range(first + accepted.lo, first + accepted.hi))
        self.sharing.discarded(bench.number, range(first + accepted.hi, first + done.hi))
        self.do(actions)

    @staticmethod
    def _with_sentence(bench: Bench, message: Returned) -> tuple[Returned, bool]:
        """What a worker was to be ended for has ended: just in time, or of what it was to be ended with."""
        sentence = bench.sentence
        if sentence is None or sentence.hand is None or sentence.hand[0] != message.ticket:
            return message, False
        bench.sentence = None
        if not message.raised or sentence.hand[1] != message.upto - 1:
            return message, False
        *others, last = message.failures
        stacks = bench.contact.stacks if bench.contact else ""
        last = replace(last, error=sentence.reason, traceback=stacks or last.traceback)
        return replace(message, failures=(*others, last)), True

    def _tell_retry(self, bench: Bench, failed: FailedItem, attempts: int) -> None:
        tries = f"attempt {attempts} of {1 + self.scheduler.items.retries}"
        self.note(bench, f"has {failed.item} tried again, {tries}: {failed.error}")

    def _died(self, bench: Bench, how: str) -> None:
        begun = bench.begun()
        contact, bench.contact = bench.contact, None
        assert contact is not None
        deaths.remember(bench, contact, begun, self._memory_of(contact.pid))
        self.ended.append(EndedWorker(bench.number, contact.pid, how))
        self.sharing.leave(bench.number, contact.pid)
        leaving = self.ending or self.scheduler.is_leaving(bench.number)
        left_as_asked = leaving and begun is None and (how == "exit code 0" or bench.doomed == NOT_NEEDED)
        lost = self._processes.has_lost(contact.child)
        if lost and not self.ending:
            self._starts.lost(contact.child.fork_server, bench.view.label)
        blame = None if left_as_asked or lost else deaths.blame(bench, how)
        if left_as_asked:
            bench.note = how
        else:
            self.killed += 1
            if not self.ending:
                self._tell_death(bench, how, begun)
        idle = bench.sentence is not None and bench.sentence.hand is None
        if idle or (not bench.ready and (blame is not None or bench.sentence)):
            self._starts.died(bench, how)
        self._bury(bench, begun, how, blame)

    def _tell_death(self, bench: Bench, how: str, begun: Begun | None) -> None:
        self._logbook.event(deaths.told(bench, how, begun), slot=bench.number, pid=bench.last_pid)
        if not (bench.doomed or bench.sentence):
            for line in bench.last_stacks.splitlines():
                self._logbook.printed(line, error_stream=True, slot=bench.number, pid=bench.last_pid)
        self._on_event()

    def _bury(self, bench: Bench, begun: Begun | None, how: str, blame: str | None) -> None:
        """Let the scheduler decide what becomes of what it held."""
        self._dying = bench
        self.do(
            self.scheduler.died(
                bench.number,
                begun,
                asked=blame is None,
                reason=blame or how,
                item=bench.view.label if begun and begun.phase != "unpickling" else "",
                skip=bench.skip is not None and begun is not None and bench.view.item_index == bench.skip,
                respawn=not self.ending,
            )
        )
        self._dying = None

    # Actions

    def do(self, actions: Iterable[Action]) -> None:
        """Carry out what the scheduler asks for."""
        for action in actions:
            self._carry_out(action)
        if self.scheduler.complete and not self.ending:
            self.ending = True
            self._on_complete()

    def _carry_out(self, action: Action) -> None:
        match action:
            case Give(slot, ticket, piece):
                self._give(self.benches[slot], ticket, piece)
            case Ask(items):
                self.chunks.ask(items)
            case Forget(chunk):
                self.chunks.forget(chunk)
            case Repack(piece):
                if not self.chunks.have_sent_again(piece):
                    self._give_up(piece)
            case Fail():
                self._fail(action)
            case Spawn(slot):
                self._spawn(slot)
            case Recall(slot):
                bench = self.benches[slot]
                bench.view.recall(bench.last_ticket)
            case Retire(slot):
                self._retire(self.benches[slot])
            case Remove(slot) if not self.ending:
                self.benches.pop(slot, None)
            case Kill(slot):
                self.end_process(self.benches[slot], "held up the end, stopped from outside; killed")

    def _give_up(self, piece: Range) -> None:
        self.do(self.scheduler.cannot_repack(piece, "its chunk cannot be unpickled, and the feeder is gone"))

    def _give(self, bench: Bench, ticket: int, piece: Range) -> None:
        contact = bench.contact
        assert contact is not None
        if self.first_dispatch is None:
            self.first_dispatch = time.monotonic()
            self.sizes = [(self.first_dispatch, self.scheduler.target)]
        body = b"" if piece.chunk in bench.chunks else self.chunks.body(piece.chunk)
        bench.chunks.use(piece.chunk)
        bench.last_ticket = ticket
        fixed = self.scheduler.pace.chunksize is not None
        contact.send(
            RunRange(
                ticket,
                piece.chunk,
                piece.lo,
                piece.hi,
                self.chunks.first(piece.chunk),
                self.scheduler.items.count(piece.chunk) > 1,
                piece.careful,
                0.0 if fixed else SLICE_SECONDS,
            ),
            body,
        )

    def _fail(self, failed: Fail) -> None:
        failure = self.intake.failed(self._dying, failed)
        self.sharing.given_up(failure.index)
        self.event(f"{failure.item} failed: {failure.error}")

    def _retire(self, bench: Bench) -> None:
        bench.view.recall(bench.last_ticket)
        if bench.contact is not None:
            bench.contact.send(End())

    def end_process(self, bench: Bench, why: str) -> None:
        """Kill the process of a slot; what it held goes back without a strike."""
        bench.doomed = why
        if bench.contact is not None:
            bench.contact.kill()

    def _spawn(self, slot: int) -> None:
        bench = self.benches.get(slot)
        if bench is None:
            bench = self.benches[slot] = Bench(slot, Slot(self._processes.slots, slot))
        else:
            bench.begin_anew()
        self.background(self._start_process(bench))

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside everything else; the end of the crew waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_process(self, bench: Bench) -> None:
        await asyncio.sleep(self._starts.pause(bench))
        try:
            child = await self._processes.start(
                worker_main, bench.number, self._assignment, commons=self.sharing.commons
            )
        except StartError as error:
            if self.ending:
                return
            self._starts.failed(bench, str(error))
            self.do(self.scheduler.died(bench.number, None, asked=True))
            return
        self.started += 1
        self.pids.append(child.pid)
        bench.contact = Contact(
            child,
            bench.view,
            bench.number,
            stacks_of(Path(self._assignment.runtime), child.pid),
            self._logbook,
            lambda message, body: self._message(bench, message, body),
            lambda how: self._died(bench, how),
        )
        self.sharing.join(bench.number, child.pid, bench.contact.send, sets_up=True)
        if self.ending:
            self.end_process(bench, NOT_NEEDED)
        elif self.scheduler.is_leaving(bench.number):
            bench.contact.send(End())
        elif self.standing.whole_pool:
            await self.standing.make(bench)

    async def disband(self, patience: float) -> None:
        """End every worker: by asking, and after `patience` seconds by SIGKILL."""
        self.ending = True
        for bench in self.alive():
            if bench.frozen or not patience:
                self.end_process(bench, NOT_NEEDED)
            elif bench.contact is not None:
                bench.contact.send(End())
        deadline = time.monotonic() + patience
        while self.alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for bench in self.alive():
            self.end_process(bench, NOT_NEEDED)
        # What a SIGKILL does not end by then dies with the supervisor; nobody may have to wait for it.
        deadline = time.monotonic() + KILL_SECONDS
        while (self.alive() or self._tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.002)

    def alive(self) -> list[Bench]:
        """The slots with a process in them."""
        return [bench for bench in self.benches.values() if bench.contact is not None]

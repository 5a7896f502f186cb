"""The workers of a run: carries out what the scheduler asks for, and tells it what happens to the processes."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal, Protocol

from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.home import Assignment
from pooltop.children.worker import worker_main
from pooltop.model import Number
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
from pooltop.run.bench import Bench
from pooltop.run.chunks import Chunks, ToFeeder
from pooltop.run.contact import KILL_SECONDS, Contact
from pooltop.run.logbook import Logbook
from pooltop.run.sharing import Sharing
from pooltop.wire.channel import Body
from pooltop.wire.messages import (
    Abandoned,
    Call,
    CannotStart,
    CounterNamed,
    End,
    FailedItem,
    Items,
    Message,
    Ready,
    Returned,
    RunRange,
    Unreadable,
    Withdraw,
)
from pooltop.wire.slots import Slot
from pooltop.work.declare import EndedWorker

STARTS_TRIED = 3
"""Processes in a row that may fail to start in one slot, before the run is given up."""
SIGNALS_FROM_OUTSIDE = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"})
"""A process that one of these ends while it starts has not failed by itself."""
START_PAUSE = 0.2
"""Seconds between such attempts."""
NOT_NEEDED = "ended"
"""Why a process is killed when the run ends; one that has nothing in hand then does not count as killed."""


class Recorder(Protocol):
    """Where ended items go."""

    def results(self, first: int, count: int, body: Body) -> None:
        """The results of `count` items from input index `first` on."""

    def failure(self, index: int, item: str, error: str, attempts: int = 1, traceback: str = "") -> None:
        """An item that has ended without a result."""

    def add_counters(self, deltas: dict[str, Number]) -> None:
        """What accepted items have added."""


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
        logbook: Logbook,
        tell_feeder: Callable[[ToFeeder], None],
        on_complete: Callable[[], None],
        on_failure: Callable[[str, str], None],
        on_event: Callable[[], None],
    ) -> None:
        self.scheduler = scheduler
        self.sharing = sharing
        self.benches: dict[int, Bench] = {}
        self.pids: list[int] = []
        self.ended: list[EndedWorker] = []
        self.killed = 0
        self.first_dispatch: float | None = None
        self.last_result: float | None = None
        self.sizes: list[tuple[float, int]] = []
        """Since when the pool has had each of its sizes."""
        self.pool_frozen = False
        self.ending = False
        self.listening = True
        self._processes = processes
        self._assignment = assignment
        self._recorder = recorder
        self._logbook = logbook
        self._on_complete = on_complete
        self._on_failure = on_failure
        self._on_event = on_event
        self._chunks = Chunks(tell_feeder)
        self._tasks: set[asyncio.Task[None]] = set()

    # Events

    def start(self) -> None:
        """Start the first workers."""
        self.do(self.scheduler.start())

    def items_came(self, message: Items, body: Body) -> None:
        """The feeder has sent a chunk."""
        chunk, again = self._chunks.take_in(message, body)
        if again is None:
            self.do(self.scheduler.items_came(chunk, message.count, len(body), answered=message.answered))
        else:
            self.do(self.scheduler.repacked(chunk, again))

    def source_ended(self) -> None:
        """The feeder has no more."""
        self.do(self.scheduler.source_ends())

    def resize(self, workers: int) -> None:
        """Make it n workers."""
        if self.first_dispatch is not None:
            self.sizes.append((time.monotonic(), workers))
        self.do(self.scheduler.resize(workers))

    def feeder_gone(self) -> None:
        """Nobody can repack anything now."""
        for piece in self._chunks.lose_feeder():
            self._give_up(piece)

    def tick(self, stopped: Iterable[int]) -> None:
        """Time passes; these PIDs stand still, whoever stopped them."""
        standing = set(stopped)
        for bench in list(self.benches.values()):
            if bench.contact is None or bench.contact.dead:
                continue
            if bench.contact.pid in standing and not (bench.frozen or bench.contact.held):
                self._found_stopped(bench)
            elif bench.frozen == "stopped" and bench.contact.pid not in standing:
                self.note(bench, "goes on")
                self.thaw(bench)
        self.do(self.scheduler.tick(time.monotonic(), self._waiting_for_others()))

    def _waiting_for_others(self) -> set[int]:
        """The slots whose workers go on only when others do."""
        waits = {bench.number: bench.view.wait() for bench in self._alive()}
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
            for bench in self._alive():
                assert bench.contact is not None
                bench.contact.read(wanted)

    def _found_stopped(self, bench: Bench) -> None:
        self.note(bench, "stopped from outside (SIGSTOP); its next items go to others")
        self.freeze(bench, "stopped")

    def freeze(self, bench: Bench, how: Literal["paused", "stopped"]) -> None:
        """The process stands still: its unstarted items go to others."""
        bench.frozen = how
        self.do(self.scheduler.froze(bench.number, how, bench.begun()))

    def thaw(self, bench: Bench) -> None:
        """The process goes on."""
        bench.frozen = ""
        self.do(self.scheduler.thawed(bench.number))

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
        bench.failed_starts = 0
        if bench.gone_at is not None:
            took = time.monotonic() - bench.gone_at
            pid = bench.contact.pid if bench.contact else 0
            self._logbook.event(
                f"worker {bench.number} is {pid}, at work after {1000 * took:.0f} ms", slot=bench.number, pid=pid
            )
            bench.gone_at = None
        self.do(self.scheduler.worker_ready(bench.number))

    def _returned(self, bench: Bench, message: Returned, body: Body) -> None:
        done = Range(message.chunk, message.lo, message.upto)
        first = self._chunks.first(message.chunk)
        actions = self.scheduler.returned(
            bench.number, message.ticket, done, failed=len(message.failures), seconds=message.seconds
        )
        items = range(first + message.lo, first + message.upto)
        if any(isinstance(action, Accept) for action in actions):
            self._record(bench, first, message, body)
            self.sharing.ended(bench.number, items)
        else:
            self.sharing.discarded(bench.number, items)
        self.do(actions)

    def _record(self, bench: Bench, first: int, message: Returned, body: Body) -> None:
        self.last_result = now = time.monotonic()
        bench.meter.add(now, message.upto - message.lo)
        self._recorder.results(first + message.lo, message.upto - message.lo, body)
        for failed in message.failures:
            self._record_failure(first, failed)
        if message.counters:
            self._recorder.add_counters(message.counters)

    def _record_failure(self, first: int, failed: FailedItem) -> None:
        self._recorder.failure(first + failed.position, failed.item, failed.error, traceback=failed.traceback)
        self._on_event()

    def _died(self, bench: Bench, how: str) -> None:
        begun = bench.begun()
        contact, bench.contact = bench.contact, None
        assert contact is not None
        bench.ended_before += bench.view.done
        self.ended.append(EndedWorker(bench.number, contact.pid, how))
        self.sharing.leave(bench.number, contact.pid)
        leaving = self.ending or self.scheduler.is_leaving(bench.number)
        left_as_asked = leaving and begun is None and (how == "exit code 0" or bench.doomed == NOT_NEEDED)
        asked = bool(bench.doomed or left_as_asked or how == bench.signalled or self._fork_server_took_it(contact))
        if left_as_asked:
            bench.note = how
        else:
            self.killed += 1
            if not self.ending:
                self._tell_death(bench, contact.pid, how, begun)
        if not (bench.ready or asked or how in SIGNALS_FROM_OUTSIDE):
            self._start_failed(
                bench, *(bench.cannot_start or (f"worker {bench.number} ends while it starts: {how}", ""))
            )
        bench.gone_at = time.monotonic()
        skip = bench.skip is not None and begun is not None and bench.view.item_index == bench.skip
        item = bench.view.label if begun and begun.phase != "unpickling" else ""
        self.do(
            self.scheduler.died(
                bench.number, begun, asked=asked, reason=how, item=item, skip=skip, respawn=not self.ending
            )
        )

    def _fork_server_took_it(self, contact: Contact) -> bool:
        return self._processes.has_lost(contact.child)

    def _tell_death(self, bench: Bench, pid: int, how: str, begun: Begun | None) -> None:
        by_you = bench.doomed or ("ended by you" if how == bench.signalled else "")
        bench.note = f"{by_you}, {how}" if by_you else how
        what = f"worker {bench.number} ({pid}) {by_you or 'died'}: {how}"
        if begun and begun.phase != "unpickling" and bench.skip is None:
            what += f"; {bench.view.label} goes back"
        self._logbook.event(what, slot=bench.number, pid=pid)
        self._on_event()

    def _start_failed(self, bench: Bench, error: str, details: str = "") -> None:
        """Once may be chance; several times in a row is not."""
        bench.failed_starts += 1
        if bench.failed_starts >= STARTS_TRIED:
            self._on_failure(error, details)

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
                self._chunks.ask(items)
            case Forget(chunk):
                self._chunks.forget(chunk)
            case Repack(piece):
                if not self._chunks.have_sent_again(piece):
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
        body = b"" if piece.chunk in bench.chunks else self._chunks.body(piece.chunk)
        bench.chunks.use(piece.chunk)
        bench.last_ticket = ticket
        fixed = self.scheduler.pace.chunksize is not None
        contact.send(
            RunRange(
                ticket,
                piece.chunk,
                piece.lo,
                piece.hi,
                self._chunks.first(piece.chunk),
                self.scheduler.items.count(piece.chunk) > 1,
                piece.careful,
                0.0 if fixed else SLICE_SECONDS,
            ),
            body,
        )

    def _fail(self, failed: Fail) -> None:
        index = self._chunks.first(failed.chunk) + failed.position
        item = failed.item or f"item {index}"
        self.last_result = time.monotonic()
        self._recorder.failure(index, item, failed.error, failed.attempts)
        self.sharing.given_up(index)
        self.event(f"{item} failed: {failed.error}")

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
        self._background(self._start_process(bench))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_process(self, bench: Bench) -> None:
        if bench.failed_starts:
            await asyncio.sleep(START_PAUSE)
        try:
            child = await self._processes.start(
                worker_main, bench.number, self._assignment, commons=self.sharing.commons
            )
        except StartError as error:
            if self.ending:
                return
            self._start_failed(bench, str(error))
            self.do(self.scheduler.died(bench.number, None, asked=True))
            return
        self.pids.append(child.pid)
        bench.contact = Contact(
            child,
            bench.view,
            bench.number,
            self._logbook,
            lambda message, body: self._message(bench, message, body),
            lambda how: self._died(bench, how),
        )
        self.sharing.join(bench.number, child.pid, bench.contact.send, sets_up=True)
        if self.ending:
            self.end_process(bench, NOT_NEEDED)
        elif self.scheduler.is_leaving(bench.number):
            bench.contact.send(End())
        elif self.pool_frozen:
            await self.stand_still(bench)

    def stand_still(self, bench: Bench) -> Coroutine[Any, Any, bool]:
        """Freeze the process with its children; the result comes when it really stands: False when it is gone, or
        somebody has let it go on meanwhile.

        The signal goes out now, not when the result is first waited for: a resume may be right behind.
        """
        if bench.contact is not None:
            bench.contact.stop()
        return self._stands_still(bench, bench.contact)

    async def _stands_still(self, bench: Bench, contact: Contact | None) -> bool:
        if contact is None or not await contact.stands_still() or bench.contact is not contact or not contact.held:
            return False
        if not bench.frozen:
            self.freeze(bench, "paused")
        return True

    def let_go_on(self, bench: Bench) -> None:
        """Let a process that stands still go on, with its children."""
        if bench.contact is not None:
            bench.contact.go_on()
        if bench.frozen:
            self.thaw(bench)

    async def disband(self, patience: float) -> None:
        """End every worker: by asking, and after `patience` seconds by SIGKILL."""
        self.ending = True
        for bench in self._alive():
            if bench.frozen or not patience:
                self.end_process(bench, NOT_NEEDED)
            elif bench.contact is not None:
                bench.contact.send(End())
        deadline = time.monotonic() + patience
        while self._alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for bench in self._alive():
            self.end_process(bench, NOT_NEEDED)
        # What a SIGKILL does not end by then dies with the supervisor; nobody may have to wait for it.
        deadline = time.monotonic() + KILL_SECONDS
        while (self._alive() or self._tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.002)

    def _alive(self) -> list[Bench]:
        return [bench for bench in self.benches.values() if bench.contact is not None]

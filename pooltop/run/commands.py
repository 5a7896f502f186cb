"""What becomes of a person's commands: each is carried out on the crew, or refused with one line that says why."""

import asyncio
import signal
from typing import TypeAlias

from pooltop.backends.descriptors import too_many
from pooltop.figures import plural
from pooltop.model import Kill, Pause, Resize, Restart, Resume, Skip
from pooltop.run.bench import Bench
from pooltop.run.crew import Crew
from pooltop.wire.slots import MOST_WORKERS

Answer: TypeAlias = tuple[bool, str]
"""Whether it was done, and one line for the person."""


class Refused(Exception):
    """A command that is not carried out: one line."""


async def execute(crew: Crew, command: Kill | Restart | Pause | Resume | Skip | Resize) -> Answer:
    """Carry out a command on the workers."""
    try:
        return True, await _carry_out(crew, command)
    except Refused as why:
        return False, str(why)


async def _carry_out(crew: Crew, command: Kill | Restart | Pause | Resume | Skip | Resize) -> str:
    match command:
        case Resize(workers):
            return _resize(crew, workers)
        case Pause(None, wait):
            return await _pause_pool(crew, wait)
        case Resume(None):
            return _resume_pool(crew)
        case Kill(slot, name, pid):
            return await _kill(crew, _bench(crew, slot, pid), name)
        case Restart(slot, now, pid):
            return _restart(crew, _bench(crew, slot, pid), now)
        case Pause(int(slot), wait, pid):
            return await _pause(crew, _bench(crew, slot, pid), wait)
        case Resume(int(slot), pid):
            return _resume(crew, _bench(crew, slot, pid))
        case Skip(slot, pid, index):
            return _skip(crew, _bench(crew, slot, pid), index)
    raise AssertionError(command)


def _bench(crew: Crew, slot: int, pid: int | None) -> Bench:
    """The slot that is meant, with a living process in it; the one that was seen, where a PID is given."""
    bench = crew.benches.get(slot)
    if bench is None:
        known = ", ".join(map(str, sorted(crew.benches))) or "none"
        raise Refused(f"there is no worker {slot}; there are {known}")
    if bench.contact is None or bench.contact.dead:
        raise Refused(f"worker {slot} is just being replaced")
    if pid is not None and pid != bench.contact.pid:
        raise Refused(f"worker {slot} is {bench.contact.pid} now, no longer {pid}; nothing was done")
    return bench


def _pid(bench: Bench) -> int:
    assert bench.contact is not None
    return bench.contact.pid


def _resize(crew: Crew, workers: int) -> str:
    if not 1 <= workers <= MOST_WORKERS:
        raise Refused(f"a pool has 1 to {MOST_WORKERS} workers, not {workers}")
    together = crew.scheduler.together
    if workers < together:
        raise Refused(f"{together} items must run together, so {plural(workers, 'worker')} are too few")
    if complaint := too_many(workers):
        raise Refused(complaint)
    before = crew.scheduler.target
    crew.resize(workers)
    for bench in crew.benches.values():
        # One that stands still never gets to the end of its item.
        if bench.frozen and crew.scheduler.is_leaving(bench.number):
            crew.end_process(bench, "removed by you")
    crew.event(f"pool resized from {before} to {plural(workers, 'worker')} by you")
    size = plural(workers, "worker")
    return f"{size}; those too many end their item first" if workers < before else size


async def _kill(crew: Crew, bench: Bench, name: str) -> str:
    number = _signal_number(name)
    if number == signal.SIGSTOP:
        return await _pause(crew, bench, wait=False)
    if number == signal.SIGCONT:
        return _resume(crew, bench)
    pid, called = _pid(bench), number.name
    contact = bench.contact
    assert contact is not None
    if number == signal.SIGKILL:
        crew.end_process(bench, "killed by you")
        return f"worker {bench.number} ({pid}) killed, {called}"
    bench.signalled = called
    if not contact.child.signal(number):
        raise Refused(f"worker {bench.number} ({pid}) has just ended")
    crew.note(bench, f"was sent {called} by you")
    return f"{called} sent to worker {bench.number} ({pid})"


def _signal_number(name: str) -> signal.Signals:
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"]
    except KeyError:
        raise Refused(f"there is no signal {name}") from None


def _restart(crew: Crew, bench: Bench, now: bool) -> str:
    # A worker that stands still never gets to the end of its item.
    if now or bench.frozen:
        pid = _pid(bench)
        crew.end_process(bench, "restarted by you")
        return f"worker {bench.number} ({pid}) restarted"
    crew.note(bench, "restarts after its item, asked by you")
    crew.do(crew.scheduler.restart(bench.number))
    return f"worker {bench.number} restarts after its item"


async def _pause(crew: Crew, bench: Bench, wait: bool) -> str:
    if bench.frozen:
        raise Refused(f"worker {bench.number} stands still already")
    if wait:
        bench.draining = True
        crew.do(crew.scheduler.drain(bench.number))
        crew.note(bench, "pauses after its item, asked by you")
        return f"worker {bench.number} pauses after its item"
    if not await crew.standing.make(bench):
        raise Refused(f"worker {bench.number} has just ended, or was resumed meanwhile")
    crew.note(bench, "paused by you")
    return f"worker {bench.number} paused; its item stays in its hand"


def _resume(crew: Crew, bench: Bench) -> str:
    if crew.scheduler.paused:
        raise Refused("the pool is paused; resume the pool")
    if not (bench.frozen or bench.held or bench.draining):
        raise Refused(f"worker {bench.number} is not paused")
    if bench.draining:
        bench.draining = False
        crew.do(crew.scheduler.drain(bench.number, False))
    crew.standing.end(bench)
    crew.note(bench, "resumed by you")
    return f"worker {bench.number} goes on"


async def _pause_pool(crew: Crew, wait: bool) -> str:
    if crew.scheduler.paused:
        raise Refused("the pool is paused already")
    # First the flag, then the signals: a process that starts in between is caught by the flag.
    crew.do(crew.scheduler.pause(recall=wait))
    if wait:
        crew.event("pool paused by you, after the items in hand")
        return "the pool pauses after the items in hand"
    crew.standing.whole_pool = True
    await asyncio.gather(*(crew.standing.make(bench) for bench in list(crew.benches.values()) if not bench.frozen))
    crew.event("pool paused by you")
    return "the pool is paused; items stay in hand"


def _resume_pool(crew: Crew) -> str:
    held = [bench for bench in crew.benches.values() if bench.held]
    draining = [bench for bench in crew.benches.values() if bench.draining]
    if not (crew.scheduler.paused or held or draining):
        raise Refused("the pool is not paused")
    crew.standing.whole_pool = False
    for bench in draining:
        bench.draining = False
    for bench in held:
        crew.standing.end(bench)
    crew.do(crew.scheduler.resume())
    crew.event("pool resumed by you")
    return "the pool goes on"


def _skip(crew: Crew, bench: Bench, index: int | None) -> str:
    begun = bench.begun()
    if begun is None or begun.phase == "unpickling":
        raise Refused(f"worker {bench.number} has no item in hand")
    if begun.hi - begun.lo != 1:
        raise Refused(f"worker {bench.number} goes through items faster than they can be told apart")
    in_hand = bench.view.item_index
    if index is not None and index != in_hand:
        raise Refused(f"worker {bench.number} has ended that item already; nothing was done")
    bench.skip = in_hand
    name = bench.view.label
    crew.end_process(bench, "ended by you, its item skipped")
    return f"{name} skipped"

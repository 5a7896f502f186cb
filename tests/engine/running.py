"""A run as its screens see it, what it leaves in its journal, and the processes it is made of."""

import asyncio
import contextlib
import pickle
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import psutil

from pooltop.model import Command, Failure, LogLine, Reply, Snapshot, StartMethod, Worker
from pooltop.run.journal import JournalReader
from pooltop.runs import Run
from pooltop.wire.link import Link

DEADLINE = 20.0
POLL_SECONDS = 0.01
COMPLAINTS = ("resource_tracker", "Exception ", "exception was never retrieved", "Traceback")
"""What an engine that has lost control says on standard error."""


async def until(condition: Callable[[], object], what: str, within: float = DEADLINE) -> None:
    """Wait for a condition; AssertionError with `what` when it does not come about in time."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        await asyncio.sleep(POLL_SECONDS)


def done(items: int) -> Callable[[Snapshot], bool]:
    """At least so many items are done, and the pool is there."""
    return lambda snapshot: bool(snapshot.workers) and snapshot.progress.done >= items


class Running:
    """One run, seen as its screens see it."""

    def __init__(self, run: Run, process: "subprocess.Popen[bytes]", stderr: Path) -> None:
        self.run = run
        self.process = process
        self.last: Snapshot | None = None
        self._stderr = stderr
        self._link: Link | None = None
        self._snapshots: AsyncIterator[Snapshot] | None = None

    async def connect(self) -> None:
        """Open the link, unless the run has ended before it was open."""
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            try:
                self._link = await Link.open(self.run.socket)
                await self._link.watch(20)
                self._snapshots = self._link.snapshots()
                return
            except OSError:
                assert time.monotonic() < deadline, "the run does not answer"
                await asyncio.sleep(POLL_SECONDS)

    async def hang_up(self) -> None:
        """Close the link."""
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def until(self, condition: Callable[[Snapshot], object], within: float = DEADLINE) -> Snapshot:
        """The first snapshot from now on for which the condition holds."""
        assert self._snapshots is not None, self.stderr
        try:
            async with asyncio.timeout(within):
                async for snapshot in self._snapshots:
                    self.last = snapshot
                    if condition(snapshot):
                        return snapshot
        except TimeoutError:
            raise AssertionError(f"not within {within} s; it is {self.last}\n{self.stderr}") from None
        raise AssertionError(f"the run ended before that: {self.last}\n{self.stderr}")

    async def worker(self, slot: int, condition: Callable[[Worker], object], within: float = DEADLINE) -> Worker:
        """The worker in a slot, once the condition holds for it."""
        snapshot = await self.until(lambda s: any(w.slot == slot and condition(w) for w in s.workers), within)
        return next(worker for worker in snapshot.workers if worker.slot == slot)

    async def holder(self, item: int) -> Worker:
        """The worker that has this item in hand."""
        snapshot = await self.until(lambda s: any(w.item_index == item for w in s.workers))
        return next(worker for worker in snapshot.workers if worker.item_index == item)

    async def ask(self, command: Command) -> Reply:
        """What the run answers to a command: one line, in any case."""
        assert self._link is not None
        reply = await asyncio.wait_for(self._link.ask(command), DEADLINE)
        assert reply.text and "\n" not in reply.text
        return reply

    async def do(self, command: Command) -> None:
        """Have a command carried out."""
        reply = await self.ask(command)
        assert reply.ok, reply.text

    async def refused(self, command: Command) -> str:
        """The line with which the run refuses a command."""
        reply = await self.ask(command)
        assert not reply.ok, f"was carried out: {reply.text}"
        return reply.text

    async def end(self, within: float = DEADLINE) -> Snapshot:
        """Wait for the end of the run; the final snapshot, from its journal."""
        code = await self.exit(within)
        assert code in (0, 1), self.stderr
        with JournalReader(self.run.journal) as reader:
            final = reader.snapshot()
        assert final is not None, self.stderr
        complaints = [complaint for complaint in COMPLAINTS if complaint in self.stderr]
        assert not complaints, self.stderr
        return final

    async def exit(self, within: float = DEADLINE) -> int:
        """Wait until the supervisor's process has ended, however it does; its exit code."""
        await until(lambda: self.process.poll() is not None, f"the run ends; it is {self.last}", within)
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL to the supervisor."""
        self.process.send_signal(signal.SIGKILL)

    @property
    def stderr(self) -> str:
        """What the supervisor has said."""
        return self._stderr.read_text()

    def fork_server(self) -> psutil.Process:
        """The fork server, the one child of the supervisor that is one."""
        (fork_server,) = _children(self.process.pid, "forkserver")
        return fork_server

    def worker_processes(self, start_method: StartMethod) -> list[psutil.Process]:
        """Every worker process, those that are just starting too."""
        if start_method == "spawn":
            children = _children(self.process.pid, "spawn_main")
        else:
            children = _children(self.fork_server().pid, "forkserver")
        return children[1:]  # the oldest is the feeder

    # What it has left in its journal

    def values(self) -> dict[int, Any]:
        """The result of every item that has one, by its index. Asserts that none has two."""
        values: dict[int, Any] = {}
        with JournalReader(self.run.journal) as reader:
            for indexes, body, picks in reader.results():
                assert not values.keys() & set(indexes), f"two results for some of {indexes}"
                found = pickle.loads(body)
                values.update((index, found[pick]) for index, pick in zip(indexes, picks, strict=True))
        return values

    def failures(self) -> list[Failure]:
        """Every failure, in input order."""
        with JournalReader(self.run.journal) as reader:
            return list(reader.failures())

    def log(self) -> list[LogLine]:
        """Every line of the log."""
        with JournalReader(self.run.journal) as reader:
            return list(reader.log())

    def printed(self) -> list[LogLine]:
        """Every line that user code has printed."""
        return [line for line in self.log() if line.kind != "event"]

    def events(self) -> list[str]:
        """The text of every event."""
        return [line.text for line in self.log() if line.kind == "event"]

    async def ends_exactly(
        self, items: int, function: Callable[[int], Any] = lambda item: item * item, failed: Collection[int] = ()
    ) -> Snapshot:
        """Wait for the end, and assert that every item has exactly one end: `failed` ones failed, the others have the
        result that `function` says, in input order."""
        final = await self.end()
        assert [failure.index for failure in self.failures()] == sorted(failed)
        assert self.values() == {index: function(index) for index in range(items) if index not in failed}
        assert (final.state, final.progress.done, final.progress.failed, final.progress.total) == (
            "finished",
            items - len(failed),
            len(failed),
            items,
        )
        assert self.process.returncode == (1 if failed else 0), self.stderr
        return final


def _children(pid: int, word: str) -> list[psutil.Process]:
    """The living children of a process with this word in their command line, by age."""
    children = []
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(word in argument for argument in child.cmdline()):
                children.append(child)
    return sorted(children, key=lambda child: (child.create_time(), child.pid))

"""What is looked at now and then while a run goes on: who stands still, who is over a limit, what the machine does."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pooltop.backends.local import LocalProcesses
from pooltop.model import RunSpec, RunState
from pooltop.rules.seats import STOPPED_PATIENCE
from pooltop.run.crew import Crew
from pooltop.run.errands import SCRATCH_SLOT, Errands
from pooltop.run.feeding import FEEDER
from pooltop.run.journal import Journal
from pooltop.run.ledger import Ledger
from pooltop.run.logbook import Logbook
from pooltop.run.portrait import BASELINE, Portrait
from pooltop.run.sampler import Sampler, memory_in_use, stopped
from pooltop.run.sharing import Party
from pooltop.run.standstill import Standstill
from pooltop.run.warden import Warden

HEALTH_SECONDS = 0.25
SHORTEST_LOOK, LONGEST_LOOK = 0.01, 0.25
"""How often items over their time are looked for: a quarter of that time, within these."""
MEMORY_SECONDS = 0.1
SAMPLE_SECONDS = 0.5
MOST_UNWRITTEN = 64 << 20
"""Bytes that may wait for the journal; above it workers wait with what they have to say."""


class Watching:
    """`cut_short` is called when the run cannot go on, `on_sample` when there are new figures of the machine."""

    def __init__(
        self,
        spec: RunSpec,
        portrait: Portrait,
        processes: LocalProcesses,
        errands: Errands,
        ledger: Ledger,
        journal: Journal,
        logbook: Logbook,
        *,
        cut_short: Callable[[RunState, str], None],
        on_sample: Callable[[], None],
    ) -> None:
        self._spec = spec
        self._portrait = portrait
        self._processes = processes
        self._errands = errands
        self._ledger = ledger
        self._journal = journal
        self._logbook = logbook
        self._cut_short = cut_short
        self._on_sample = on_sample
        self._standstill = Standstill()
        self._stopped_since: dict[int, float] = {}
        self._crew: Crew | None = None
        self._warden: Warden | None = None

    def begin(self, crew: Crew) -> None:
        """There are workers now."""
        self._crew = crew
        self._warden = Warden(crew, self._spec)

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """What is to go on beside the run, as long as it does."""
        spec = self._spec
        wanted = [self._health(), self._machine()]
        if spec.timeout is not None or spec.timeout_percent is not None:
            wanted.append(self._time())
        if spec.memory_limit is not None:
            wanted.append(self._memory(spec.memory_limit))
        return wanted

    async def _health(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_SECONDS)
            slot = self._portrait.baseline_slot
            if self._portrait.state == "baseline" and slot is not None:
                self._ledger.baseline_reached(slot.done)
                self._end_if_stuck(BASELINE, 0)
            if self._portrait.state == "checking":
                self._end_if_stuck("collector", SCRATCH_SLOT)
            self._replace_who_was_stopped()
            if self._crew is not None:
                self._crew.tick(stopped(self._portrait.pids()))
                self._crew.listen(self._journal.pending_bytes < MOST_UNWRITTEN)
                if deadlock := self._standstill.of_crew(self._crew):
                    self._cut_short("failed", f"deadlock: {deadlock}")

    def _replace_who_was_stopped(self) -> None:
        """A feeder or fork server that a signal has stopped would hold up everybody, and be missed by nobody."""
        now = time.monotonic()
        standing = stopped(list(self._helpers()))
        self._stopped_since = {pid: self._stopped_since.get(pid, now) for pid in standing}
        for pid, since in self._stopped_since.items():
            if now - since >= STOPPED_PATIENCE:
                name, kill = self._helpers()[pid]
                self._logbook.event(f"the {name} ({pid}) has been stopped from outside (SIGSTOP); killed and replaced")
                kill()

    def _helpers(self) -> dict[int, tuple[str, Callable[[], None]]]:
        """What the workers live on: by PID its name, and how to end it."""
        helpers: dict[int, tuple[str, Callable[[], None]]] = {}
        if feeder := self._errands.pid(FEEDER):
            helpers[feeder] = ("feeder", self._errands[FEEDER].kill)
        if fork_server := self._processes.fork_server_pid:
            helpers[fork_server] = ("fork server", self._processes.kill_fork_server)
        return helpers

    def _end_if_stuck(self, errand: str, slot_number: int) -> None:
        """A process that is alone with its shared objects may wait for something that nobody will ever do."""
        pid = self._errands.pid(errand)
        if pid is None or self._portrait.sharing is None:
            return
        party = Party(slot_number, pid, self._errands[errand].slot)
        if deadlock := self._standstill.of_one(self._portrait.sharing, party):
            self._logbook.event(f"{errand}: deadlock: {deadlock}")
            if errand == BASELINE:
                self._errands[errand].kill()  # the pool may do better
            else:
                self._cut_short("failed", f"after the last item: deadlock: {deadlock}")

    async def _time(self) -> None:
        while True:
            limit = None if self._warden is None else self._warden.time_limit
            await asyncio.sleep(max(SHORTEST_LOOK, min(LONGEST_LOOK, (limit or LONGEST_LOOK) / 4)))
            if self._warden is not None:
                self._warden.look_at_time()

    async def _memory(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="memory") as thread:
            while True:
                began = time.monotonic()
                if self._warden is not None:
                    used = await loop.run_in_executor(thread, memory_in_use, self._portrait.pids())
                    self._warden.saw_memory(used, limit)
                await asyncio.sleep(max(MEMORY_SECONDS, 10 * (time.monotonic() - began)))

    async def _machine(self) -> None:
        sampler = Sampler()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="sampler") as thread:
            while True:
                sample = await loop.run_in_executor(thread, sampler.sample, self._portrait.pids())
                self._portrait.saw_machine(sample)
                self._on_sample()
                await asyncio.sleep(SAMPLE_SECONDS)

"""A run as it looks from outside: puts together a `Snapshot` from what the parts know."""

import time
from collections import deque

from pooltop.model import (
    Baseline,
    Check,
    Core,
    Number,
    Progress,
    RunSpec,
    RunState,
    Slowness,
    Snapshot,
    Speedup,
    Worker,
    WorkerState,
)
from pooltop.rules.speedup import eta, mean_workers, speedup
from pooltop.run.bench import Bench
from pooltop.run.crew import Crew
from pooltop.run.errands import Errands
from pooltop.run.feeding import Feeding
from pooltop.run.ledger import Ledger
from pooltop.run.logbook import Logbook
from pooltop.run.sampler import MachineSample, ProcessSample
from pooltop.run.sharing import Party, Sharing
from pooltop.runs import Run
from pooltop.wire.messages import Ready
from pooltop.wire.slots import Phase, Slot

BASELINE = "baseline"
"""The errand's name; its row in the table of workers is slot 0."""
HISTORY = 60
"""Samples of each core that are kept."""
BUSY_PERCENT = 50
"""Of one core: what uses less is taken to wait for something."""

_STATES: dict[Phase, WorkerState] = {
    Phase.STARTING: "starting",
    Phase.IMPORTING: "importing",
    Phase.WAITING: "waiting",
    Phase.UNPICKLING: "unpickling",
    Phase.RUNNING: "running",
    Phase.SENDING: "sending",
}


class Portrait:
    """The run's outside. The supervisor sets what it learns; `snapshot` puts it together."""

    def __init__(
        self, run: Run, spec: RunSpec, feeding: Feeding, ledger: Ledger, logbook: Logbook, errands: Errands
    ) -> None:
        self.state: RunState = "starting"
        self.reason = ""
        self.source: Ready = Ready()
        self.workers = spec.workers or 0
        self.sharing: Sharing | None = None
        self.crew: Crew | None = None
        self.baseline: Baseline | None = None
        self.baseline_slot: Slot | None = None
        self.check: Check | None = None
        self.collected = False
        """The output file has been written."""
        self.startup_before_pool = 0.0
        self.pool_began: float | None = None
        self._run = run
        self._spec = spec
        self._feeding = feeding
        self._ledger = ledger
        self._logbook = logbook
        self._errands = errands
        self._began = time.monotonic()
        self._ended: float | None = None
        self._sample = MachineSample((), {})
        self._core_histories: list[deque[int]] = []

    def saw_machine(self, sample: MachineSample) -> None:
        """The sampler has looked at cores and processes."""
        self._sample = sample
        while len(self._core_histories) < len(sample.cores):
            self._core_histories.append(deque(maxlen=HISTORY))
        for history, percent in zip(self._core_histories, sample.cores, strict=False):
            history.append(round(percent))

    def conclude(self, state: RunState, reason: str) -> None:
        """The run has ended: its clock stands still."""
        self.state = state
        self.reason = reason
        self._ended = time.monotonic()

    def snapshot(self) -> Snapshot:
        """How it looks now."""
        now = self._ended or time.monotonic()
        crew = self.crew
        return Snapshot(
            run=self._run.id,
            workload=self._spec.workload,
            state=self._shown_state(),
            time=time.time(),
            reason=self.reason,
            elapsed=now - self._began,
            directory=str(self._run.directory),
            workers_requested=crew.scheduler.target if crew else self.workers,
            together=self.source.together,
            workers_started=crew.started if crew else 0,
            workers_killed=crew.killed if crew else 0,
            pids=tuple(crew.pids) if crew else (),
            workers=self._workers(now),
            cores=tuple(
                Core(percent, tuple(history))
                for percent, history in zip(self._sample.cores, self._core_histories, strict=True)
            ),
            progress=self._progress(now),
            counters=self._counters(),
            shared=self.sharing.objects(self._parties()) if self.sharing else (),
            speedup=self._speedup(now),
            check=self.check,
            failures=tuple(self._ledger.failures),
            log=tuple(self._logbook.tail),
            outputs=self._outputs(),
            notes=self._feeding.notes,
        )

    def _parties(self) -> list[Party]:
        """The processes that may use what is shared."""
        baseline = self._errands.pid(BASELINE)
        if self.baseline_slot is not None and baseline is not None:
            return [Party(0, baseline, self.baseline_slot)]
        benches = self.crew.benches.values() if self.crew else ()
        return [Party(bench.number, bench.contact.pid, bench.view) for bench in benches if bench.contact]

    def _shown_state(self) -> RunState:
        if self.state == "running" and self.crew and self.crew.scheduler.paused:
            return "paused"
        return self.state

    def _outputs(self) -> tuple[str, ...]:
        return (*self.source.outputs, *([self._spec.output] if self._spec.output and self.collected else []))

    def _progress(self, now: float) -> Progress:
        if self.state == "baseline" and self.baseline_slot is not None:
            return self._progress_of(self.baseline_slot.done, 0, 0, self.source.total, now)
        if self.crew is None:
            return Progress(total=self.source.total)
        scheduler = self.crew.scheduler
        come = scheduler.items.come + self._feeding.left_out
        total = come if scheduler.source_ended else self.source.total
        if self._feeding.error:
            total = None
        items = scheduler.items
        return self._progress_of(items.done, items.failed, items.retried, total, now, kept=items.kept)

    def _progress_of(
        self, done: int, failed: int, retried: int, total: int | None, now: float, *, kept: int = 0
    ) -> Progress:
        rate = self._ledger.meter.rate(now)
        left = eta(total=total, done=done + failed, rate=rate)
        return Progress(total=total, done=done, failed=failed, retried=retried, kept=kept, rate=rate, eta=left)

    def _counters(self) -> dict[str, Number]:
        """Accepted totals, and what the items in hand have added so far."""
        totals = dict(self._ledger.counters)
        for bench in self.crew.benches.values() if self.crew else ():
            for word, name in bench.counter_names.items():
                pending = bench.view.counter(word) if bench.contact else 0.0
                whole = int(pending) if pending == int(pending) else pending
                totals[name] = totals.get(name, 0) + whole
        return totals

    def _speedup(self, now: float) -> Speedup:
        crew = self.crew
        if crew is None or crew.first_dispatch is None:
            return Speedup(baseline=self.baseline)
        ended = self._ended is not None or crew.scheduler.complete
        last_result = crew.intake.last_result
        until = last_result if ended and last_result else now
        progress = self._progress(now)
        unfinished = self._ended is not None and not (crew.scheduler.complete and progress.done)
        if progress.kept:
            # The clock of this session knows nothing of what was done in those before it.
            return Speedup(seconds=until - crew.first_dispatch, final=ended)
        return speedup(
            baseline=self.baseline,
            startup_seconds=self.startup_before_pool + crew.first_dispatch - (self.pool_began or crew.first_dispatch),
            seconds=until - crew.first_dispatch,
            workers=mean_workers(crew.sizes, until),
            done=0 if unfinished else progress.done + progress.failed,
            total=progress.total,
            final=ended,
        )

    def _workers(self, now: float) -> tuple[Worker, ...]:
        rows = [self._baseline_row()] if self.state == "baseline" and self.baseline_slot else []
        benches = sorted(self.crew.benches.values(), key=lambda bench: bench.number) if self.crew else []
        return (*rows, *(self._row(bench, now) for bench in benches))

    def _baseline_row(self) -> Worker:
        slot = self.baseline_slot
        assert slot is not None
        return self._worker(0, slot, self._errands.pid(BASELINE), self._state_of(slot), done=slot.done)

    def _row(self, bench: Bench, now: float) -> Worker:
        pid = bench.contact.pid if bench.contact else None
        return self._worker(
            bench.number,
            bench.view,
            pid,
            self._state(bench),
            done=bench.ended_before + (bench.view.done if pid else 0),
            rate=bench.meter.rate(now),
            restarts=bench.restarts,
            note=bench.note,
            slow=self._slowness(bench, pid),
        )

    def _slowness(self, bench: Bench, pid: int | None) -> Slowness:
        """Whether its item takes unusually long, and if so what it seems to be doing."""
        begun = bench.begun() if pid else None
        if begun is None or begun.phase != "running" or self.crew is None:
            return ""
        seconds = (time.monotonic_ns() - bench.view.since) / 1e9
        if not self.crew.intake.durations.are_slow(begun.hi - begun.lo, seconds):
            return ""
        process = self._sample.processes.get(pid) if pid else None
        return "computing" if process and (process.cpu or 0) >= BUSY_PERCENT else "waiting"

    def _state(self, bench: Bench) -> WorkerState:
        if bench.contact is None and self.crew and self.crew.ending:
            return "ended"
        if bench.contact is None:
            return "starting" if bench.gone_at is None else "dead"
        if bench.frozen:
            return bench.frozen
        state = self._state_of(bench.view)
        if bench.draining and state == "waiting":
            return "paused"
        if self.crew and self.crew.scheduler.is_leaving(bench.number):
            return "ending"
        return state

    def _state_of(self, slot: Slot) -> WorkerState:
        wait = self.sharing.wait_state(slot) if self.sharing else None
        return wait[0] if wait else _STATES[slot.phase]

    def _worker(
        self,
        number: int,
        slot: Slot,
        pid: int | None,
        state: WorkerState,
        *,
        done: int,
        rate: float | None = None,
        restarts: int = 0,
        note: str = "",
        slow: Slowness = "",
    ) -> Worker:
        begun = slot.begun() if pid else None
        in_hand = begun is not None and begun[3] == "running"
        wait = self.sharing.wait_state(slot) if self.sharing and pid else None
        process: ProcessSample | None = self._sample.processes.get(pid) if pid else None
        return Worker(
            slot=number,
            pid=pid,
            started=process.started if process else None,
            state=state,
            cpu=process.cpu if process else None,
            memory=process.memory if process else None,
            item=slot.label if in_hand else None,
            item_index=slot.item_index if in_hand else None,
            seconds=(time.monotonic_ns() - slot.since) / 1e9 if in_hand else None,
            progress=slot.progress if in_hand else None,
            done=done,
            rate=rate,
            restarts=restarts,
            slow=slow,
            waits_for=wait[1] if wait else "",
            note=note,
        )

    def memory_of(self, pid: int) -> int | None:
        """What a process took when it was last looked at, its children included."""
        process = self._sample.processes.get(pid)
        return process.memory if process else None

    def pids(self) -> list[int]:
        """The processes to be sampled."""
        benches = self.crew.benches.values() if self.crew else ()
        workers = [bench.contact.pid for bench in benches if bench.contact]
        baseline = self._errands.pid(BASELINE)
        return [*workers, baseline] if baseline else workers

"""Ends workers whose item takes too long, or that take too much memory.

Over time: its stacks are written down, then SIGTERM, and SIGKILL when that has not ended it. Over memory: SIGKILL at
once, before the kernel chooses for itself whom to kill. An item that ends in the meantime is let off.
"""

import asyncio
import time
from dataclasses import dataclass

from pooltop.figures import memory, memory_limit
from pooltop.model import RunSpec
from pooltop.rules.durations import time_limit
from pooltop.run.bench import Bench, Sentence
from pooltop.run.crew import Crew

GRACE_SECONDS = 1.0
"""What a worker has to act on SIGTERM."""
LOOK_SECONDS = 0.005


@dataclass
class _Watch:
    """How long what a worker has in hand has been standing still by a person's wish."""

    hand: tuple[int, int] | None = None
    excused: float = 0.0


class Warden:
    """`look_at_time` and `saw_memory` are called now and then."""

    def __init__(self, crew: Crew, spec: RunSpec) -> None:
        self._crew = crew
        self._spec = spec
        self._watches: dict[int, _Watch] = {}
        self._last_look = time.monotonic()

    @property
    def time_limit(self) -> float | None:
        """What an item may take now, in seconds."""
        return time_limit(self._spec.timeout, self._spec.timeout_percent, self._crew.intake.durations.median)

    def look_at_time(self) -> None:
        """End what is over its time."""
        now = time.monotonic()
        passed, self._last_look = now - self._last_look, now
        limit = self.time_limit
        for bench in self._crew.alive():
            excused = self._excused(bench, passed)
            taken = now - bench.view.since / 1e9 - excused
            if limit is not None and bench.hand is not None and bench.sentence is None and taken > limit:
                self._crew.background(self._time_out(bench, self._reason(limit)))

    def _excused(self, bench: Bench, passed: float) -> float:
        """For how long it was not the item's fault: a pause, results that nobody takes, a lock that another one has."""
        watch = self._watches.setdefault(bench.number, _Watch())
        if bench.hand != watch.hand:
            watch.hand, watch.excused = bench.hand, 0.0
        elif bench.held or not self._crew.listening or self._waits_for_a_lock(bench):
            watch.excused += passed
        return watch.excused

    def _waits_for_a_lock(self, bench: Bench) -> bool:
        wait = self._crew.sharing.wait_state(bench.view)
        return wait is not None and wait[0] == "lock wait"

    def _reason(self, limit: float) -> str:
        of_median = limit != self._spec.timeout
        share = f" ({self._spec.timeout_percent:g}% of the median)" if of_median else ""
        return f"timed out after {limit:g} s{share}"

    def saw_memory(self, used: dict[int, int], limit: int) -> None:
        """End what is over its memory; `used` is resident bytes by PID, children included."""
        for bench in self._crew.alive():
            contact = bench.contact
            if contact is None or contact.dead or used.get(contact.pid, 0) <= limit:
                continue
            bench.memory = used[contact.pid]
            reason = f"memory: {memory(bench.memory)}, over the limit of {memory_limit(limit)}"
            bench.sentence = Sentence(reason, bench.hand)
            contact.kill()

    async def _time_out(self, bench: Bench, reason: str) -> None:
        contact, sentence = bench.contact, Sentence(reason, bench.hand)
        assert contact is not None
        bench.sentence = sentence

        def guilty() -> bool:
            return bench.contact is contact and not contact.dead and bench.hand == sentence.hand

        await contact.write_stacks()
        if guilty():
            bench.signalled = "SIGTERM"
            contact.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while guilty() and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        if guilty():
            contact.kill()

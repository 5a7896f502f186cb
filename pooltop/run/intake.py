"""What becomes of items: their results and failures, as workers hand them back or leave them behind, put on record."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from pooltop.children.inside import added
from pooltop.model import Failure, Number
from pooltop.rules.actions import Fail, Range
from pooltop.rules.durations import Durations
from pooltop.run.bench import Bench
from pooltop.run.chunks import Chunks
from pooltop.run.joblog import JobLog
from pooltop.wire.channel import Body
from pooltop.wire.messages import Kept, Returned


class Recorder(Protocol):
    """Where items go, those that come and those that end."""

    def inputs(self, first: int, count: int, keys: bytes) -> None:
        """Items have come, from input index `first` on; `keys` is what a resumed run will recognise them by."""

    def kept(self, kept: Kept) -> None:
        """Items have come that had ended before the run was resumed."""

    def results(
        self, first: int, count: int, body: Body, counters: dict[str, Number], failures: Sequence[Failure]
    ) -> None:
        """The results of `count` items from input index `first` on, what these have added to counters, and which of
        them have failed instead."""

    def failure(self, failure: Failure) -> None:
        """An item that has ended without a result."""


class Intake:
    """Every end of an item passes here once."""

    def __init__(self, recorder: Recorder, chunks: Chunks, joblog: JobLog | None) -> None:
        self.durations = Durations()
        self.last_result: float | None = None
        self._recorder = recorder
        self._chunks = chunks
        self._joblog = joblog

    def returned(self, bench: Bench, done: Range, attempts: int, message: Returned, body: Body) -> None:
        """A worker has handed back items, of which `done` have ended now, the last after so many attempts."""
        self.last_result = now = time.monotonic()
        count = done.hi - done.lo
        bench.meter.add(now, count)
        index = self._chunks.first(done.chunk) + done.lo
        all_of_it = done.hi == message.upto
        counters = added(message.counters, message.raised_counters) if all_of_it else message.counters
        failures = list(self._failures(bench, done, attempts, message))
        self._recorder.results(index, count, body, counters, failures)
        for items, nanoseconds in message.blocks:
            self.durations.saw(items, nanoseconds / 1e9)
        if self._joblog is not None:
            self._log_jobs(self._joblog, bench, done, attempts, message, failures, len(body))
            self._joblog.flush()

    def _failures(self, bench: Bench, done: Range, attempts: int, message: Returned) -> Iterator[Failure]:
        first = self._chunks.first(done.chunk)
        seconds = [took for _, took in _times(message)]
        for failed in message.failures:
            if failed.position < done.hi:
                yield Failure(
                    index=first + failed.position,
                    item=failed.item,
                    error=failed.error,
                    attempts=attempts if failed.position == message.upto - 1 else 1,
                    traceback=failed.traceback,
                    seconds=seconds[failed.position - message.lo] if seconds else None,
                    last_lines=bench.contact.last_lines(failed.item) if bench.contact else (),
                )

    def _log_jobs(
        self,
        joblog: JobLog,
        bench: Bench,
        done: Range,
        attempts: int,
        message: Returned,
        failures: Sequence[Failure],
        received: int,
    ) -> None:
        first = self._chunks.first(done.chunk)
        errors = {failure.index - first: failure.error for failure in failures}
        sent = len(self._chunks.body(done.chunk)) // self._chunks.count(done.chunk)
        labels = message.labels or [f"item {first + position}" for position in range(message.lo, message.upto)]
        times = list(_times(message)) or [(message.began, 0.0)] * len(labels)
        for position in range(done.lo, done.hi):
            began, seconds = times[position - message.lo]
            joblog.ended(
                first + position,
                labels[position - message.lo],
                began,
                seconds,
                sent=sent,
                received=0 if position in errors else received // (done.hi - done.lo),
                worker=bench.number,
                pid=bench.contact.pid if bench.contact else 0,
                attempts=attempts if position == message.upto - 1 else 1,
                error=errors.get(position, ""),
            )

    def failed(self, bench: Bench | None, failed: Fail) -> Failure:
        """An item has ended with its worker, which sat in `bench`, or because nobody can have it any more."""
        self.last_result = time.monotonic()
        index = self._chunks.first(failed.chunk) + failed.position
        failure = Failure(
            index=index,
            item=failed.item or f"item {index}",
            error=failed.error,
            attempts=failed.attempts,
            traceback=bench.last_stacks if bench else "",
            seconds=bench.last_seconds if bench else None,
            memory=bench.memory if bench else None,
            last_lines=bench.last_lines if bench else (),
        )
        self._recorder.failure(failure)
        if self._joblog is not None:
            seconds = failure.seconds or 0.0
            self._joblog.ended(
                index,
                failure.item,
                time.time() - seconds,
                seconds,
                sent=len(self._chunks.body(failed.chunk)) // self._chunks.count(failed.chunk),
                received=0,
                worker=bench.number if bench else 0,
                pid=bench.last_pid if bench else 0,
                attempts=failure.attempts,
                error=failure.error,
            )
            self._joblog.flush()
        return failure


def _times(message: Returned) -> Iterator[tuple[float, float]]:
    """When each item began (seconds since the epoch) and how long it took; those of a block took equally long."""
    began = message.began
    for items, nanoseconds in message.blocks:
        seconds = nanoseconds / 1e9 / items
        for _ in range(items):
            yield began, seconds
            began += seconds

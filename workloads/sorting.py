"""The gallery's sorting: a parallel sample sort in shared memory, against Python's own sort and against one process."""

import random
import time
from bisect import bisect_left
from collections.abc import Callable, MutableSequence
from ctypes import c_double
from itertools import chain
from multiprocessing.synchronize import Barrier
from operator import eq
from typing import Annotated, TypeAlias

from msgspec import Meta

import pooltop
from pooltop import shared

Numbers: TypeAlias = MutableSequence[float]
"""An Array of doubles without a lock."""

SAMPLES = 64
"""Of each run; the more, the more equal the buckets."""


def numbered_parts(parts: int) -> range:
    """An item a part."""
    return range(parts)


def all_parts(parts: int) -> int:
    """They wait for each other between the phases, so each needs a worker of its own."""
    return parts


def every_number_in_its_place(outcome: pooltop.Outcome) -> tuple[int, int]:
    """As many numbers as there are, and as many as stand where Python's own sort puts them. Tells the times, too."""
    parallel: float = outcome.shared["parallel_s"].value
    for name, what in (("sorted_s", "Python's sorted"), ("one_process_s", "one process")):
        seconds: float = outcome.shared[name].value
        if parallel:
            print(f"speedup {seconds / parallel:.2f} over {what}: {parallel:.3f} s for {seconds:.3f} s")
    numbers, output = outcome.shared["numbers"], outcome.shared["output"]
    return len(numbers), sum(map(eq, sorted(numbers), output))


@pooltop.workload(
    title="Parallel sort",
    section="Real work",
    items=numbered_parts,
    together=all_parts,
    check=every_number_in_its_place,
    takes_items=False,
    shared={
        "sorted_s": shared.Value("d", lock=False),
        "one_process_s": shared.Value("d", lock=False),
        "parallel_s": shared.Value("d", lock=False),
        "phase": shared.Barrier(shared.Option("parts")),
        "numbers": shared.Array("d", shared.Option("n"), lock=False),
        "runs": shared.Array("d", shared.Option("n"), lock=False),
        "output": shared.Array("d", shared.Option("n"), lock=False),
        "began_at": shared.Value("d", lock=False),
    },
)
def sorting(
    part: int,
    n: Annotated[int, Meta(ge=1, le=50_000_000)] = 3_000_000,
    parts: Annotated[int, Meta(ge=1, le=64)] = 2,
    *,
    sorted_s: c_double,
    one_process_s: c_double,
    parallel_s: c_double,
    phase: Barrier,
    numbers: Numbers,
    runs: Numbers,
    output: Numbers,
    began_at: c_double,
) -> None:
    """Sample sort of three million random numbers in shared memory, by parts that meet at a Barrier between the phases.

    What it shows: an algorithm that is really parallel, and what it gains. First each part sorts a slice of its own
    into a run. A sample of the runs then says where to cut them, so that each part can gather one bucket: the least
    numbers, the next, and so on. What it gathers is in order run by run, so sorting the bucket only merges.

    Watch part 0 work alone at first, while the others wait at the barrier (event wait): it fills the array, sorts it
    with Python's own `sorted`, and then by the same sample sort in one process. Then all sort. The three times stand
    among the shared values. All three read their numbers from one shared array and write them to another, converted
    in the same way; starting processes and filling the array is in none of them.

    Try `--parts 4` where there are four cores, and `--n 1000`, where the barrier alone costs more than sorting. Kill a
    worker (k): every phase can be done again, since it only reads what the one before has written; the time that
    this costs is counted.
    """
    if part == 0 and not began_at.value:  # a worker that was killed may have come this far
        fill(numbers)
        runs[:] = output[:] = [0.0] * n  # memory is made when it is first written, which shall be in nobody's time
        sorted_s.value = seconds_of(lambda: sort_plainly(numbers, output))
        one_process_s.value = seconds_of(lambda: sort_in_one_process(parts, numbers, runs, output))
        runs[:] = output[:] = [0.0] * n  # what stands there in the end shall be the parallel sort's
        began_at.value = time.monotonic()
    phase.wait()
    sort_slice(part, parts, numbers, runs)
    phase.wait()
    gather_bucket(part, parts, runs, output)
    phase.wait()
    if part == 0:
        parallel_s.value = time.monotonic() - began_at.value


def fill(numbers: Numbers) -> None:
    """With random numbers, the same in every run."""
    chance = random.Random(len(numbers))
    numbers[:] = [chance.random() for _ in range(len(numbers))]


def seconds_of(work: Callable[[], None]) -> float:
    """What it takes by the clock."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def sort_plainly(numbers: Numbers, output: Numbers) -> None:
    """By Python's own sort."""
    output[:] = sorted(numbers[:])


def sort_in_one_process(parts: int, numbers: Numbers, runs: Numbers, output: Numbers) -> None:
    """What the parts do, one after another."""
    for part in range(parts):
        sort_slice(part, parts, numbers, runs)
    for part in range(parts):
        gather_bucket(part, parts, runs, output)


def sort_slice(part: int, parts: int, numbers: Numbers, runs: Numbers) -> None:
    """The first phase: a slice of the numbers becomes a run."""
    start, stop = bounds(part, parts, len(numbers))
    runs[start:stop] = sorted(numbers[start:stop])


def gather_bucket(part: int, parts: int, runs: Numbers, output: Numbers) -> None:
    """The second phase: what belongs into this bucket is taken from every run, merged, and put where it belongs."""
    begins, ends = cuts(part, parts, runs), cuts(part + 1, parts, runs)
    bucket = sorted(chain.from_iterable(runs[begin:end] for begin, end in zip(begins, ends, strict=True)))
    place = sum(begin - bounds(run, parts, len(runs))[0] for run, begin in enumerate(begins))
    output[place : place + len(bucket)] = bucket


def cuts(bucket: int, parts: int, runs: Numbers) -> list[int]:
    """Where this bucket begins in each run; the same for everybody who asks, since all see the same runs."""
    ranges = [bounds(run, parts, len(runs)) for run in range(parts)]
    if bucket == 0:
        return [start for start, _stop in ranges]
    if bucket == parts:
        return [stop for _start, stop in ranges]
    steps = (max(1, (stop - start) // SAMPLES) for start, stop in ranges)
    sample = sorted(
        chain.from_iterable(runs[start:stop:step] for (start, stop), step in zip(ranges, steps, strict=True))
    )
    splitter = sample[len(sample) * bucket // parts]
    return [bisect_left(runs, splitter, start, stop) for start, stop in ranges]


def bounds(part: int, parts: int, n: int) -> tuple[int, int]:
    """The slice of so many numbers that belongs to this part."""
    return n * part // parts, n * (part + 1) // parts

"""The gallery's sorting, measured: python -m bench.sorting [N...]

Medians of several runs, each with a pool of its own, of Python's `sorted`, of the sample sort in one process, and of
the same in parallel with as many parts as there are CPUs.
"""

import os
import platform
import subprocess
import sys
import tempfile
from statistics import median

import msgspec

from bench.program import POOLTOP
from pooltop.cpus import usable_cpus

REPEATS = 5
SIZES = (100_000, 1_000_000, 4_000_000)
LINE = "{:>12}{:>14}{:>14}{:>14}{:>14}{:>18}"


class Times(msgspec.Struct):
    """What a run leaves in its shared values."""

    sorted_s: float
    one_process_s: float
    parallel_s: float


class Check(msgspec.Struct):
    """What a run's check said."""

    ok: bool


class Summary(msgspec.Struct):
    """What is wanted of a run's summary."""

    shared: Times
    check: Check


def run(n: int, parts: int) -> Times:
    """The three times of one run. Raises AssertionError where it did not sort."""
    command = [POOLTOP, "run", "sorting", "--headless", "--json", "-", "--n", str(n), "--parts", str(parts)]
    ended = subprocess.run(command, capture_output=True, check=True)
    summary = msgspec.json.decode(ended.stdout, type=Summary)
    assert summary.check.ok, f"{n} numbers were not sorted"
    return summary.shared


def row(n: int, parts: int) -> str:
    """A line of the table."""
    runs = [run(n, parts) for _ in range(REPEATS)]
    plain = median(each.sorted_s for each in runs)
    alone = median(each.one_process_s for each in runs)
    parallel = median(each.parallel_s for each in runs)
    return LINE.format(
        f"{n:,}",
        f"{plain:.3f} s",
        f"{alone:.3f} s",
        f"{parallel:.3f} s",
        f"{plain / parallel:.2f} x",
        f"{alone / parallel:.2f} x",
    )


def main() -> None:
    """The table for the sizes given, with a state directory of its own."""
    parts = max(2, usable_cpus())
    print(f"{usable_cpus()} CPUs, {parts} parts, Python {platform.python_version()}, medians of {REPEATS}")
    print(LINE.format("numbers", "sorted", "one process", "parallel", "over sorted", "over one process"))
    with tempfile.TemporaryDirectory(prefix="pooltop-sorting-") as state:
        os.environ["XDG_STATE_HOME"] = state
        for n in map(int, sys.argv[1:] or SIZES):
            print(row(n, parts), flush=True)


if __name__ == "__main__":
    main()

"""The gallery's squares, measured: python -m bench.squares

A plain loop against the pool, for the same numbers: in spans, one by one, and with a message for each number. Medians
of several runs, each with a pool of its own whose start is not counted.
"""

import os
import platform
import subprocess
import tempfile
from statistics import median
from timeit import repeat

import msgspec

from bench.program import POOLTOP
from pooltop.cpus import usable_cpus
from workloads.squares import sum_of_squares

REPEATS = 5
WAYS = {
    "spans of 100,000": (20_000_000, "--singly 0 --span 100000"),
    "spans of 10,000": (20_000_000, "--singly 0 --span 10000"),
    "spans of 1,000": (5_000_000, "--singly 0 --span 1000"),
    "spans of 100": (1_000_000, "--singly 0 --span 100"),
    "spans of 10": (500_000, "--singly 0 --span 10"),
    "one by one": (200_000, "--singly 200000"),
    "each in a message": (5_000, "--singly 5000 --chunksize 1"),
}
"""How numbers are handed out, how many of them are enough to measure that, and the words for it."""
LINE = "{:<18}{:>12}{:>14}{:>14}{:>18}{:>14}"


class Check(msgspec.Struct):
    """What a run's check said."""

    ok: bool


class Summary(msgspec.Struct):
    """What is wanted of a run's summary; `seconds` are from the first dispatch to the last result."""

    seconds: float
    check: Check


def pool(n: int, words: str) -> float:
    """The seconds of one run. Raises AssertionError where its sum was wrong."""
    command = [POOLTOP, "run", "squares", "--headless", "--json", "-", "--baseline", "none", "--n", str(n)]
    ended = subprocess.run([*command, *words.split()], capture_output=True, check=True)
    summary = msgspec.json.decode(ended.stdout, type=Summary)
    assert summary.check.ok, f"the sum of {n} squares was wrong"
    return summary.seconds


def row(way: str) -> str:
    """A line of the table."""
    n, words = WAYS[way]
    plain = median(repeat(lambda: sum_of_squares(range(1, n + 1)), number=1, repeat=REPEATS))
    pooled = median(pool(n, words) for _ in range(REPEATS))
    figures = f"{n:,}", f"{plain:.4f} s", f"{pooled:.4f} s", f"{n / pooled:,.0f}", f"{plain / pooled:.3g} x"
    return LINE.format(way, *figures)


def main() -> None:
    """The table, with a state directory of its own."""
    print(f"{usable_cpus()} CPUs and as many workers, Python {platform.python_version()}, medians of {REPEATS}")
    print(LINE.format("handed out in", "numbers", "plain loop", "pool", "numbers a second", "speedup"))
    with tempfile.TemporaryDirectory(prefix="pooltop-squares-") as state:
        os.environ["XDG_STATE_HOME"] = state
        for way in WAYS:
            print(row(way), flush=True)


if __name__ == "__main__":
    main()

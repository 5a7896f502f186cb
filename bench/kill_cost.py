"""What kills cost a run of pooltop: python -m bench.kill_cost        (make faults)

200 items of 20 ms on 4 workers, undisturbed, with one SIGKILL and with ten, in alternating rounds. Exits with 1 where a
kill loses something, has more than the chunk in hand run again, or costs more time than it may.
"""

import platform
import statistics
import sys
from functools import partial

from bench.faults import trials
from bench.faults_kinds import Fault, kill_workers
from bench.faults_trial import Report
from bench.pools import ITEMS, WORKERS
from pooltop.cpus import usable_cpus

ROUNDS = 5
MAY_COST = {1: 0.05, 10: 0.15}
"""By the number of kills: the share of the undisturbed time."""


def report(kills: int) -> Report:
    """One run with so many kills."""
    (came_to,) = trials("pooltop", Fault("", doings=(partial(kill_workers, kills),)))
    return came_to


def main() -> int:
    """The exit code."""
    rounds = [{kills: report(kills) for kills in (0, *MAY_COST)} for _ in range(ROUNDS)]
    seconds = {kills: statistics.median(each[kills].seconds or 0.0 for each in rounds) for kills in rounds[0]}
    print("\n## What kills cost pooltop\n")
    print(f"{ITEMS} items of 20 ms on {WORKERS} workers, {usable_cpus()} CPUs, Python {platform.python_version()}.\n")
    print(f"| SIGKILLs | results | run again | seconds (median of {ROUNDS}) | more time |")
    print("| --: | --: | --: | --: | --: |")
    well = True
    for kills, median in seconds.items():
        results, again = min(each[kills].completed for each in rounds), max(each[kills].again for each in rounds)
        more = median / seconds[0] - 1
        print(f"| {kills} | {results} | {again} | {median:.3f} | {more:+.1%} |")
        well &= results == ITEMS and again <= kills and more <= MAY_COST.get(kills, 0)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

"""The Markdown of `bench.faults`: only what was measured."""

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from bench.faults_kinds import FAULTS, PARENT_KILLED
from bench.faults_trial import ORPHAN_SECONDS, QUIET_SECONDS, Report
from bench.pools import ITEMS, TIMEOUT_SECONDS, WORKERS
from pooltop.cpus import usable_cpus

Outcomes: TypeAlias = dict[tuple[str, str], list[Report]]
"""By fault and pool, a report for each trial."""

ABOUT = f"""
Every pool has {ITEMS} items of 20 ms and {WORKERS} workers. It is used as its manual says, with its own defaults, and
in the way that tells the outcome of each item where there is one (`bench/pools/`). A number says how many results
arrived; where one item is bad itself, {ITEMS - 1} is all there can be.

- *lost*: items without a result, though nothing was wrong with them
- *run again*: executions beyond the first, but for those of the item that is bad itself
- *hangs*: nothing has happened for {QUIET_SECONDS:g} s
- *raises*: the call as a whole does, and with it goes what was not done
- *left*, *orphans*: processes that are alive {ORPHAN_SECONDS:g} s after the program's end
- *seconds*: from the first item's begin to the last outcome
- of four idle workers each is killed in turn, a trial each
- an item may take {TIMEOUT_SECONDS:g} s where the pool has such a limit; one that takes longer, or ends its worker, is
  tried three times by pooltop
"""


def page(measured_with: str, missing: Sequence[str], pools: Sequence[str], outcomes: Outcomes) -> Iterator[str]:
    """All of it, a line each; `measured_with` are the pools and their versions."""
    yield "# The same faults, side by side\n"
    yield f"Measured by `make faults` on {usable_cpus()} CPUs with Python {platform.python_version()},"
    yield f"{measured_with}."
    if missing:
        yield f"Not installed: {', '.join(missing)}."
    yield ABOUT
    names = [fault.name for fault in FAULTS]
    yield from short_table(names, pools, outcomes)
    yield "\n## Every trial\n"
    yield from full_table(names, pools, outcomes)


def short_table(faults: Sequence[str], pools: Sequence[str], outcomes: Outcomes) -> Iterator[str]:
    """A row for each fault, a column for each pool: results that arrived, and what else is to be said."""
    yield _row("fault", *pools)
    yield _row(*["---"] * (1 + len(pools)))
    for fault in faults:
        cell = _left if fault == PARENT_KILLED else _verdict
        yield _row(fault, *(_together([cell(report) for report in outcomes[fault, pool]]) for pool in pools))


def full_table(faults: Sequence[str], pools: Sequence[str], outcomes: Outcomes) -> Iterator[str]:
    """A row for each trial."""
    yield _row("fault", "pool", "orphans", "completed", "lost", "run again", "seconds", "hung", "raised")
    yield _row("---", "---", "--:", "--:", "--:", "--:", "--:", "---", "---")
    for fault in faults:
        for pool in pools:
            for report in outcomes[fault, pool]:
                what_else = ["–"] * 6 if fault == PARENT_KILLED else _figures(report)
                yield _row(fault, pool, _number(report.orphans), *what_else)


def _figures(report: Report) -> list[str]:
    counts = map(str, (report.completed, report.lost, report.again))
    hung = "hung" if report.hung else ""
    return [*counts, "–" if report.seconds is None else f"{report.seconds:.2f}", hung, report.raised]


def _number(number: int | None) -> str:
    return "–" if number is None else str(number)


def _verdict(report: Report) -> str:
    if report.hung:
        return f"hangs at {report.completed}"
    if report.raised:
        return f"raises at {report.completed}"
    lost = f", {report.lost} lost" if report.lost else ""
    again = f", {report.again} run again" if report.again else ""
    return f"{report.completed}{lost}{again}"


def _left(report: Report) -> str:
    return f"{_number(report.orphans)} left"


def _together(cells: list[str]) -> str:
    counted = Counter(cells)
    if len(counted) == 1:
        return cells[0]
    return "; ".join(f"{count} of {len(cells)}: {cell}" for cell, count in counted.items())


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

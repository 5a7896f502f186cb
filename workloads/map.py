"""The gallery's map: a list of numbers, doubled slowly."""

import time
from typing import Annotated

from msgspec import Meta

import pooltop

STEPS = 20
"""An item shows its progress so many times."""


def doubled(outcome: pooltop.Outcome) -> tuple[list[int], list[int]]:
    """Every number twice as large, in input order; of items that a person gives, as many results as items."""
    results = list(outcome.results)
    if outcome.own_items:
        return [2 * number for number in range(1, 9)], results
    return [outcome.items], [len(results)]


@pooltop.workload(title="Map a list", section="First steps", items="range:1:9", check=doubled)
def double(number: int, seconds: Annotated[float, Meta(ge=0, le=60)] = 1.0) -> int:
    """Doubles the numbers from 1 to 8, a second each: one process against the pool.

    What it shows: the simplest use of a pool. One function, a list of inputs, and a list of results in the order of
    the inputs, whichever of them was ready first. First a plain loop does all eight, then the pool does the same: with
    four workers each doubles two of them, so eight seconds become two.

    Watch the items move through the workers, and at the end the speedup. It comes close to the number of workers, also
    where there are more workers than cores: the numbers are slept over, and sleeping needs no core. Work that computes
    gets no faster than the cores allow (see blur).

    Try 4 workers, then 8, then 5: a speedup of 4 again, because with five workers somebody still has to do two. Take
    a worker's item away from it by killing it (K): another doubles that number, and the list is the same. Make the
    items short, --seconds 0.001, and see what the pool itself costs.
    """
    for _ in pooltop.track(range(STEPS)):
        time.sleep(seconds / STEPS)
    return 2 * number

"""What `bench.soak` runs: a great many short items, each of which is counted, and whose every result is looked at."""

import time

import pooltop


def all_in_order(outcome: pooltop.Outcome) -> tuple[int, int]:
    """As many results as items, each in its place."""
    return outcome.items, sum(index == result for index, result in enumerate(outcome.results))


@pooltop.workload(check=all_in_order)
def nap(item: int, seconds: float) -> int:
    """Sleeps, and counts itself."""
    time.sleep(seconds)
    pooltop.counter("items").add(1)
    return item

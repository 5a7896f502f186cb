"""Pools that give results as they come, and raise what an item raised."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.pools import WORKERS, Call, Ended, Function


@contextmanager
def joblib_parallel(timeout: float | None) -> Iterator[Call]:
    """joblib.Parallel, with its timeout."""
    import joblib

    def call(function: Function, items: Sequence[int]) -> Iterator[Ended]:
        parallel = joblib.Parallel(WORKERS, return_as="generator_unordered", timeout=timeout)
        for item in parallel(joblib.delayed(function)(item) for item in items):
            yield Ended(item, "")

    yield call

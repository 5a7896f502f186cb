"""Pools that call back for each item: multiprocessing.Pool and those made in its likeness."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pool
from queue import SimpleQueue
from typing import Any

from bench.pools import WORKERS, Call, Ended, Function


@contextmanager
def standard_pool(_timeout: float | None) -> Iterator[Call]:
    """multiprocessing.Pool; it has no timeout that ends an item."""
    with Pool(WORKERS) as pool:
        yield partial(_outcomes, pool.apply_async)


@contextmanager
def billiard_pool(timeout: float | None) -> Iterator[Call]:
    """billiard.Pool, with its timeout for each item."""
    import billiard

    pool = billiard.Pool(WORKERS, timeout=timeout)
    yield partial(_outcomes, pool.apply_async)
    pool.terminate()


@contextmanager
def mpire_pool(timeout: float | None) -> Iterator[Call]:
    """mpire.WorkerPool, with its timeout for each item."""
    import mpire

    with mpire.WorkerPool(WORKERS) as pool:
        yield partial(_outcomes, partial(pool.apply_async, task_timeout=timeout))


def _outcomes(apply_async: Callable[..., Any], function: Function, items: Sequence[int]) -> Iterator[Ended]:
    ended: SimpleQueue[Ended] = SimpleQueue()

    def succeeded(item: int, _result: object) -> None:
        ended.put(Ended(item, ""))

    def failed(item: int, error: object) -> None:
        ended.put(Ended(item, type(getattr(error, "exception", error)).__name__))

    for item in items:
        apply_async(function, (item,), callback=partial(succeeded, item), error_callback=partial(failed, item))
    for _ in items:
        yield ended.get()

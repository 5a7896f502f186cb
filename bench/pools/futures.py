"""Pools that give a future for each item."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any

from bench.pools import WORKERS, Call, Ended, Function


@contextmanager
def standard_executor(_timeout: float | None) -> Iterator[Call]:
    """concurrent.futures.ProcessPoolExecutor; it has no timeout that ends an item."""
    with ProcessPoolExecutor(WORKERS) as pool:
        yield partial(_outcomes, pool.submit)


@contextmanager
def loky_executor(_timeout: float | None) -> Iterator[Call]:
    """loky's reusable executor, asked for anew before each call, as its manual says."""
    import loky

    def call(function: Function, items: Sequence[int]) -> Iterator[Ended]:
        return _outcomes(loky.get_reusable_executor(WORKERS).submit, function, items)

    yield call
    loky.get_reusable_executor(WORKERS).shutdown()


@contextmanager
def pebble_pool(timeout: float | None) -> Iterator[Call]:
    """pebble.ProcessPool, with its timeout for each item."""
    import pebble

    with pebble.ProcessPool(WORKERS) as pool:
        yield partial(_outcomes, lambda function, item: pool.schedule(function, args=(item,), timeout=timeout))


@contextmanager
def dask_cluster(_timeout: float | None) -> Iterator[Call]:
    """A Dask cluster on this machine, one thread a worker process."""
    import distributed

    with (
        distributed.LocalCluster(WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield partial(_outcomes, partial(client.submit, pure=False))


def _outcomes(submit: Callable[[Function, int], Any], function: Function, items: Sequence[int]) -> Iterator[Ended]:
    ended: SimpleQueue[Ended] = SimpleQueue()

    def note(item: int, future: Any) -> None:
        try:
            future.result()  # Dask fetches it only now
        except BaseException as error:
            ended.put(Ended(item, type(error).__name__))
        else:
            ended.put(Ended(item, ""))

    futures = [submit(function, item) for item in items]  # Dask drops what nobody holds
    for item, future in zip(items, futures, strict=True):
        future.add_done_callback(partial(note, item))
    for _ in items:
        yield ended.get()

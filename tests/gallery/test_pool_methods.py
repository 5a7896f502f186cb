"""pool_methods: a real multiprocessing.Pool in a worker gives the same squares by each of its methods."""

from contextlib import suppress
from functools import partial

import psutil
import pytest

from pooltop import Outcome
from pooltop.model import StartMethod
from tests.engine.harness import Lab, Running, until
from tests.gallery.play import RETRIES, play, verdict
from workloads.pool_methods import KEEP_ORDER, METHODS, Arrivals, Method, same_results

SQUARES = [(number, number * number) for number in range(1, 9)]
ALL_RIGHT = "6 alike; in order: map, map_async, imap, starmap"


def arrivals(method: Method, squares: list[tuple[int, int]]) -> Arrivals:
    return {"method": method, "squares": squares, "seconds": []}


def check(results: list[Arrivals], failed: int = 0) -> tuple[str, str]:
    return same_results(Outcome(results=results, options={}, items=len(results) + failed, failed=failed))


def test_right() -> None:
    backwards = [arrivals(m, SQUARES if m in KEEP_ORDER else SQUARES[::-1]) for m in METHODS]
    assert check(backwards) == (ALL_RIGHT, ALL_RIGHT)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("squares", [SQUARES[:-1], [*SQUARES[:-1], (8, 63)]], ids=["lost", "false"])
def test_another_result_is_wrong(method: Method, squares: list[tuple[int, int]]) -> None:
    expected, actual = check([arrivals(m, squares if m == method else SQUARES) for m in METHODS])
    assert (expected, actual[:7]) == (ALL_RIGHT, "5 alike")


def test_imap_out_of_order_is_wrong() -> None:
    expected, actual = check([arrivals("imap", SQUARES[::-1])])
    assert (expected, actual) == ("1 alike; in order: imap", "1 alike; in order: none")


def test_a_method_that_failed_is_missed() -> None:
    expected, actual = check([], failed=1)
    assert expected != actual


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_real(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "pool_methods", "--seconds", "0.2", workers=2, start_method=start_method)
    assert verdict(final) == (ALL_RIGHT, ALL_RIGHT, True)
    by_method = {result["method"]: result for result in lab.runs[-1].values().values()}
    assert set(by_method) == set(METHODS)
    for method in ("apply_async", "imap_unordered"):
        assert by_method[method]["squares"][0] == SQUARES[1], "the shortest is there first"
        assert by_method[method]["squares"][-1] != SQUARES[-1]
    for method in ("map", "map_async", "starmap"):
        seconds = by_method[method]["seconds"]
        assert seconds[0] > seconds[-1] / 2, "all arrive together"
    printed = [line.text for line in lab.runs[-1].printed()]
    assert all(any(line.startswith(f"{method}: ") for line in printed) for method in METHODS)


async def test_one_of_them(lab: Lab) -> None:
    final = await play(lab, "pool_methods", "--method", "imap", "--seconds", "0.1", workers=1)
    assert verdict(final) == ("1 alike; in order: imap", "1 alike; in order: imap", True)


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.chaos)])
async def test_killed(lab: Lab, start_method: StartMethod) -> None:
    """The pool inside a killed worker dies with it.

    The kill waits until that pool is there: one in the microseconds in which `multiprocessing` makes a semaphore
    would leave its name behind, and nobody can help that.
    """
    options = ("--seconds", "0.4", "--processes", "3")
    run = await lab.start(
        "pool_methods", None, *options, gallery=True, workers=2, retries=RETRIES, start_method=start_method
    )
    for _ in range(2):
        worker, inner = await worker_with_pool(run, start_method, 3)
        worker.kill()
        await until(partial(none_lives, inner), "the pool inside it is gone")
    final = await run.end()
    assert verdict(final) == (ALL_RIGHT, ALL_RIGHT, True)
    assert final.workers_killed == 2


async def worker_with_pool(
    run: Running, start_method: StartMethod, processes: int
) -> tuple[psutil.Process, list[psutil.Process]]:
    """A worker in which a pool of so many processes is at work, and those."""
    await run.until(lambda s: any(w.item is not None for w in s.workers))
    found = dict[psutil.Process, list[psutil.Process]]()

    def look() -> bool:
        for worker in run.worker_processes(start_method):
            with suppress(psutil.NoSuchProcess):
                inner = worker.children()
                if len(inner) == processes:
                    found[worker] = inner
        return bool(found)

    await until(look, "a worker has a pool")
    return found.popitem()


def none_lives(processes: list[psutil.Process]) -> bool:
    return not any(map(lives, processes))


def lives(process: psutil.Process) -> bool:
    """A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

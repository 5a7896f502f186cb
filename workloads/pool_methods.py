"""The gallery's pool_methods: the same inputs through the methods of `multiprocessing.Pool`."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.pool import Pool
from queue import SimpleQueue
from typing import Annotated, Any, Literal, TypedDict, get_args

from msgspec import Meta

import pooltop

Method = Literal["map", "map_async", "apply_async", "imap", "imap_unordered", "starmap"]
METHODS: tuple[Method, ...] = get_args(Method)
KEEP_ORDER = ("map", "map_async", "imap", "starmap")
"""Those that hand over the results in the order of the inputs."""
SHARES = (0.8, 0.1, 0.6, 0.3, 1.0, 0.2, 0.5, 0.4)
"""How long the inputs 1 to 8 take, as shares of the longest: none is ready in its turn."""

Task = tuple[int, float]
"""A number to square, and the seconds that takes."""
Square = tuple[int, int]
"""A number and its square."""


class Arrivals(TypedDict):
    """What came out of a pool by one method."""

    method: Method
    squares: list[Square]
    """In the order of their arrival."""
    seconds: list[float]
    """When each of them arrived, since the work was handed out."""


def chosen(method: Literal["all", Method]) -> tuple[Method, ...]:
    """An item for each method."""
    return METHODS if method == "all" else (method,)


def same_results(outcome: pooltop.Outcome) -> tuple[str, str]:
    """Every method gives the same squares, and those that keep the order of the inputs give them in that order."""
    right = [(number, number * number) for number, _ in tasks(seconds=0)]
    results: list[Arrivals] = list(outcome.results)
    alike = [each for each in results if sorted(each["squares"]) == right]
    ordered = [each for each in results if each["method"] in KEEP_ORDER]
    in_order = [each for each in ordered if each["squares"] == right]
    return verdict(outcome.items, ordered), verdict(len(alike), in_order)


def verdict(alike: int, in_order: list[Arrivals]) -> str:
    """In few words, how many methods gave the same, and which gave it in the order of the inputs."""
    return f"{alike} alike; in order: {', '.join(each['method'] for each in in_order) or 'none'}"


@pooltop.workload(
    title="Methods of a Pool",
    section="First steps",
    items=chosen,
    check=same_results,
    takes_items=False,
    baseline="none",
)
def run_method(
    name: Method,
    method: Literal["all", Method] = "all",  # noqa: ARG001  # says to `chosen` what the items are
    processes: Annotated[int, Meta(ge=1, le=64)] = 3,
    seconds: Annotated[float, Meta(ge=0, le=60)] = 0.5,
) -> Arrivals:
    """The same eight inputs through map, map_async, apply_async, imap, imap_unordered and starmap.

    What it shows: when and in which order each method of the standard library's Pool lets one have the results. Each
    item is one method, run on a real `multiprocessing.Pool` inside the worker. The inputs take from a tenth of
    --seconds to all of it, and none is ready in its turn.

    map blocks until everything is there and returns a list in the order of the inputs. starmap does the same with
    inputs that are tuples, and spreads them over the function's parameters. map_async returns at once; its callback
    gets the whole list when the last result is there. imap is an iterator in the order of the inputs: a result that
    is ready early waits for those before it. imap_unordered hands out each result as soon as it is there. apply_async
    takes one call at a time and calls back for each as soon as it has ended.

    Watch the log: each method says in which order its results arrived, and how long the first and the last one took.
    The last takes the same time with all of them; the first comes early only where nobody waits for the others.
    Watch the memory of the workers too: their pools' processes count to them.

    Try one --processes: now everything arrives in order, since a single process has only one thing in hand. Kill a
    worker (K): the pool inside it goes with it, and its method is run again by another. Then kill a process of an
    inner pool, from another terminal: the standard library's pool waits for ever for what it had in hand. That is what
    supervision is for; end the wait by killing the worker.
    """
    arrivals = Arrivals(method=name, squares=[], seconds=[])
    # A fork, because what a spawned pool shares would be left behind if this worker was killed; the worker has no
    # other thread that a fork could harm.
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        began = time.monotonic()
        for result in pooltop.track(handed_over(pool, name, tasks(seconds)), total=len(SHARES)):
            arrivals["squares"].append(result)
            arrivals["seconds"].append(round(time.monotonic() - began, 3))
    order = " ".join(str(number) for number, _ in arrivals["squares"])
    first, last = arrivals["seconds"][0], arrivals["seconds"][-1]
    print(f"{name}: {order} arrived in this order, the first after {first:.2f} s, the last after {last:.2f} s")
    return arrivals


def tasks(seconds: float) -> list[Task]:
    """The inputs; the longest takes so many seconds."""
    return [(number, share * seconds) for number, share in enumerate(SHARES, start=1)]


def handed_over(pool: Pool, method: Method, tasks: list[Task]) -> Iterator[Square]:
    """Each result as soon as this method lets one have it."""
    called_back: SimpleQueue[Any] = SimpleQueue()
    match method:
        case "map":
            yield from pool.map(square_of_task, tasks, chunksize=1)
        case "map_async":
            pool.map_async(square_of_task, tasks, chunksize=1, callback=called_back.put)
            yield from called_back.get()
        case "apply_async":
            for task in tasks:
                pool.apply_async(square, task, callback=called_back.put)
            for _ in tasks:
                yield called_back.get()
        case "imap":
            yield from pool.imap(square_of_task, tasks)
        case "imap_unordered":
            yield from pool.imap_unordered(square_of_task, tasks)
        case "starmap":
            yield from pool.starmap(square, tasks, chunksize=1)


def square(number: int, seconds: float) -> Square:
    """The number and its square, after so many seconds."""
    time.sleep(seconds)
    return number, number * number


def square_of_task(task: Task) -> Square:
    """As `square`, for the methods that pass on one argument."""
    return square(*task)

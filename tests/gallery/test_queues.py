"""The gallery's queues: everything produced is consumed once, whoever dies over it."""

import asyncio
import multiprocessing
from multiprocessing.queues import Queue

import pytest

import pooltop
from pooltop.model import StartMethod
from tests.engine.harness import Lab, until
from tests.engine.running import DEADLINE
from tests.gallery.play import play, verdict
from workloads.queues import END, everything_consumed_once, queues

FAST = ("--produce", "0.001", "--consume", "0.002")
ALL_80 = "80 consumed, 0 lost, 0 too many"


def outcome(*results: tuple[str, list[int]]) -> pooltop.Outcome:
    return pooltop.Outcome(results=results, options={"producers": 1, "messages": 3}, items=len(results), failed=0)


def told(*results: tuple[str, list[int]]) -> tuple[str, bool]:
    """What the check says that came out, and whether that is right."""
    expected, actual = everything_consumed_once(outcome(*results))
    return actual, expected == actual


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_everything_is_consumed_once(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "queues", "--messages", "40", *FAST, start_method=start_method)
    assert verdict(final) == (ALL_80, ALL_80, True)
    assert final.workers_requested == 4
    assert final.counters == {"produced": 80, "consumed": 80}


@pytest.mark.parametrize(("producers", "consumers"), [(1, 3), (3, 1), (3, 2)])
async def test_any_numbers_of_them(lab: Lab, producers: int, consumers: int) -> None:
    numbers = ("--producers", str(producers), "--consumers", str(consumers), "--messages", "20", "--maxsize", "1")
    final = await play(lab, "queues", *numbers, *FAST)
    everything = f"{20 * producers} consumed, 0 lost, 0 too many"
    assert verdict(final) == (everything, everything, True)


async def test_workers_killed_meanwhile(lab: Lab) -> None:
    final = await play(lab, "queues", "--messages", "40", kills=5)
    assert verdict(final) == (ALL_80, ALL_80, True)
    assert final.counters == {"produced": 80, "consumed": 80}


async def test_with_fewer_workers_it_does_not_start(lab: Lab) -> None:
    run = await lab.start("queues", None, gallery=True, workers=3)
    assert await run.exit() == 2
    assert "4 items must run together, so 3 workers are too few" in run.stderr


async def test_no_end_marker_before_the_last_number() -> None:
    queue: Queue[int | None] = multiprocessing.Queue()
    all_produced = multiprocessing.Barrier(2)

    def produce(number: int) -> None:
        queues(f"producer {number}", 2, 2, messages=3, produce=0, queue=queue, all_produced=all_produced)

    first = asyncio.create_task(asyncio.to_thread(produce, 0))
    await until(lambda: all_produced.n_waiting == 1, "the first producer waits for the other")
    await asyncio.to_thread(produce, 1)
    await first
    assert [queue.get(timeout=DEADLINE) for _ in range(8)] == [0, 1, 2, 3, 4, 5, END, END]
    queue.close()
    queue.join_thread()


def test_the_check_says_no() -> None:
    producer = ("producer 0", [0, 1, 2])
    assert told(producer, ("consumer 0", [2]), ("consumer 1", [0, 1])) == ("3 consumed, 0 lost, 0 too many", True)
    assert told(producer, ("consumer 0", [0, 2])) == ("2 consumed, 1 lost, 0 too many", False)
    assert told(producer, ("consumer 0", [0, 1, 2]), ("consumer 1", [1])) == ("4 consumed, 0 lost, 1 too many", False)
    assert told() == ("0 consumed, 3 lost, 0 too many", False)
    assert told(producer, ("consumer 0", [0, 1, 1])) == ("3 consumed, 1 lost, 1 too many", False)

"""What workers share: as the standard library has it, but nobody who dies takes the others along."""

import asyncio
import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

import psutil
import pytest

from pooltop.model import Resize, Snapshot, StartMethod
from tests.engine.harness import Lab, Running

SHARING = Path(__file__).with_name("sharing_jobs.py")
METHODS = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


async def play(lab: Lab, job: str, *options: str, items: str | None = None, workers: int | None = None,
               start_method: StartMethod = "forkserver", retries: int = 1000) -> Running:  # fmt: skip
    return await lab.start(
        f"{SHARING}:{job}", items, *options, workers=workers, start_method=start_method, retries=retries
    )


async def storm(run: Running, kills: int, start_method: StartMethod = "forkserver") -> None:
    """SIGKILL to so many workers, whatever they are doing, one as soon as there is another."""
    chance = random.Random(1)
    struck = set[int]()
    await run.until(lambda s: any(worker.item is not None for worker in s.workers))
    while len(struck) < kills:
        await asyncio.sleep(chance.expovariate(1 / 0.02))
        for victim in run.worker_processes(start_method):
            if victim.pid not in struck and chance.random() < 0.5:
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
                    struck.add(victim.pid)
                break


def check_of(final: Snapshot) -> tuple[object, object]:
    assert final.state == "finished", final.reason
    assert final.check is not None
    return final.check.expected, final.check.actual


@pytest.fixture(scope="module")
def standard_transcript() -> object:
    """Of the standard library's own objects, from an interpreter of its own that takes them along when it ends."""
    code = (
        "import json, multiprocessing as mp; from tests.engine.sharing_jobs import transcript\n"
        "print(json.dumps(transcript(mp.Lock(), mp.RLock(), mp.Semaphore(), mp.Event(), mp.Barrier(2), mp.Condition(),"
        "mp.Queue(2), mp.JoinableQueue(), mp.Pipe(), mp.Value('d', 1.0), mp.Array('i', range(5)),"
        "mp.Value('i', 3, lock=False)), default=repr))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], env={**os.environ, "POOLTOP_LAB": "/nowhere"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@METHODS
async def test_everything_behaves_as_in_the_standard_library(
    lab: Lab, start_method: StartMethod, standard_transcript: object
) -> None:
    run = await play(lab, "all_of_it", start_method=start_method)
    await run.end()
    assert json.loads(json.dumps(run.values()[0], default=repr)) == standard_transcript


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.chaos
async def test_a_storm_of_kills_around_a_lock(lab: Lab, start_method: StartMethod) -> None:
    items = 800
    run = await play(
        lab,
        "deposit",
        "--pause=0.002",
        f"--items={items}",
        items=f"range:{items}",
        workers=3,
        start_method=start_method,
    )
    await storm(run, 20, start_method)
    expected, actual = check_of(await run.end(60))
    inside = sum("died holding lock" in event for event in run.events())
    # Between the two writes a death counts an item twice, at most; else it is exact.
    assert expected == items and items <= actual <= items + inside  # type: ignore[operator]


@METHODS
async def test_a_storm_of_kills_around_a_queue(lab: Lab, start_method: StartMethod) -> None:
    run = await play(lab, "trade", "--messages=150", start_method=start_method)
    await storm(run, 12, start_method)
    expected, actual = check_of(await run.end(60))
    assert actual == expected


async def test_a_storm_of_kills_around_a_barrier(lab: Lab) -> None:
    run = await play(lab, "rounds", "--pause=0.01")
    await storm(run, 6)
    expected, actual = check_of(await run.end(60))
    assert actual == expected


async def test_a_storm_of_kills_around_a_semaphore(lab: Lab) -> None:
    run = await play(lab, "crowd", "--pause=0.005", items="range:400", workers=4)
    await storm(run, 12)
    final = await run.end(60)
    assert final.progress.done == 400
    assert [thing.value for thing in final.shared] == [2], "every permit is back"


async def test_a_semaphore_lets_in_as_many_as_it_says(lab: Lab) -> None:
    run = await play(lab, "crowd", "--pause=0.05", items="range:12", workers=4)
    await run.until(lambda s: sum(worker.state == "lock wait" for worker in s.workers) == 2)
    await run.end()
    times = sorted((at, change) for began, ended in run.values().values() for at, change in ((began, 1), (ended, -1)))
    assert max(accumulate(change for _, change in times)) == 2


async def test_a_storm_of_kills_around_a_pipe(lab: Lab) -> None:
    run = await play(lab, "talk")
    await storm(run, 4)
    expected, actual = check_of(await run.end(60))
    assert actual == expected


async def test_a_storm_of_kills_around_a_condition(lab: Lab) -> None:
    run = await play(lab, "in_turn", "--pause=0.02")
    await storm(run, 4)
    await run.end(60)
    assert run.values() == {0: 60, 1: 60, 2: 60}


@METHODS
async def test_a_death_inside_the_critical_section_is_told(lab: Lab, start_method: StartMethod) -> None:
    run = await play(lab, "dies_inside", workers=2, start_method=start_method)
    await run.until(lambda s: any(worker.state == "lock wait" for worker in s.workers))
    lab.signal("go")
    final = await run.end()
    assert check_of(final) == (2.0, 3.0)
    assert final.check is not None
    assert final.check.notes[0] == "one worker died inside the critical section of lock"
    (told,) = [event for event in run.events() if "died holding" in event]
    assert told.startswith("worker ") and told.endswith(" died holding lock")


@pytest.mark.parametrize(("what", "state"), [("lock", "lock wait"), ("line", "queue wait"), ("event", "event wait")])
async def test_waiting_can_be_seen(lab: Lab, what: str, state: str) -> None:
    run = await play(lab, "waits", f"--what={what}", workers=2)
    snapshot = await run.until(lambda s: any(worker.state == state for worker in s.workers))
    waiter = next(worker for worker in snapshot.workers if worker.state == state)
    things = {thing.name: thing for thing in snapshot.shared}
    assert (waiter.item_index, waiter.waits_for) == (1, what)
    assert [wait.slot for wait in things[what].waits] == [waiter.slot]
    assert things["lock"].holder == 3 - waiter.slot
    lab.signal("go")
    await run.end()


async def test_contents_can_be_seen(lab: Lab) -> None:
    run = await play(lab, "all_of_it")
    final = await run.end()
    things = {thing.name: thing for thing in final.shared}
    assert things["value"].value == 2.5
    assert (things["array"].size, things["array"].cells) == (5, (0, 1, 7, 8, 4))
    assert (things["line"].depth, things["line"].capacity) == (0, 2)
    assert [thing.kind for thing in final.shared] == [
        "Lock", "RLock", "Semaphore", "Event", "Barrier", "Condition", "Queue", "JoinableQueue", "Pipe", "Value",
        "Array", "Value",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("waits_for_nobody", "deadlock: worker 1 waits for line; worker 2 waits for line"),
        ("locks_twice", "deadlock: worker 1 waits for lock, which it holds itself"),
    ],
)
async def test_a_deadlock_ends_the_run_and_names_who_and_what(lab: Lab, job: str, reason: str) -> None:
    run = await play(lab, job, workers=2 if job == "waits_for_nobody" else 1)
    final = await run.end()
    assert (final.state, final.reason) == ("failed", reason)


async def test_the_kernel_finds_a_deadlock_of_locks_and_the_item_fails(lab: Lab) -> None:
    run = await play(lab, "crosswise", workers=2)
    final = await run.end()
    assert (final.progress.done, final.progress.failed) == (1, 1)
    assert "deadlock" in run.failures()[0].error


async def test_what_runs_together_has_the_workers_it_needs(lab: Lab) -> None:
    run = await play(lab, "trade", "--pause=0.01", "--messages=50", "--producers=3", "--consumers=2")
    await run.until(lambda s: s.state == "running")
    assert "too few" in await run.refused(Resize(4))
    final = await run.end()
    assert (final.workers_requested, final.check and final.check.ok) == (5, True)


async def test_too_few_workers_are_refused_in_one_line(lab: Lab) -> None:
    run = await play(lab, "trade", workers=3)
    assert await run.exit() == 2
    assert run.stderr.endswith("4 items must run together, so 3 workers are too few: -j 4\n")


async def test_an_alarm_of_the_persons_own_ends_a_wait_and_loses_nothing(lab: Lab) -> None:
    run = await play(lab, "with_a_time_limit")
    await run.end()
    ended, permits, got = run.values()[0]
    assert 0 < ended <= 300
    assert sorted(got) == list(range(300))
    assert permits == 3


@METHODS
async def test_sets_that_are_put_again_are_recognised(lab: Lab, start_method: StartMethod) -> None:
    run = await play(lab, "puts_sets", start_method=start_method)
    await run.end()
    assert run.values() == {0: 20}


async def test_no_process_but_the_worker_can_use_its_channel(lab: Lab) -> None:
    run = await play(lab, "from_a_fork")
    await run.end()
    assert "forked" in run.values()[0]


async def test_nothing_is_shared_with_the_baseline(lab: Lab) -> None:
    """It has objects of its own."""
    run = await lab.start(f"{SHARING}:deposit", "range:20", "--items=20", workers=2, baseline="full")
    expected, actual = check_of(await run.end())
    assert expected == actual == 20


@pytest.mark.parametrize(
    ("declared", "parameter", "said"),
    [
        ("{'mine': threading.Lock()}", "mine", "shared 'mine' is a _thread.lock, not a description"),
        ("{'mine': multiprocessing.Lock()}", "mine", "shared 'mine' is a multiprocessing.synchronize.Lock, not a des"),
        ("{'cells': shared.Array('d', 10**13)}", "cells", "shared 'cells' needs 80,000.0 GB"),
        ("{'lokc': shared.Lock()}", "lock=None", "shared 'lokc' is no parameter of the function, nor of setup"),
        ("[shared.Lock()]", "lock", "shared is a list, not a dict of names and descriptions"),
    ],
)
async def test_what_cannot_be_shared_is_refused_by_name(lab: Lab, declared: str, parameter: str, said: str) -> None:
    path = lab.write(
        "bad.py",
        "import multiprocessing, threading, pooltop\nfrom pooltop import shared\n\n"
        f"@pooltop.workload(items='range:3', shared={declared})\n"
        f"def work(item, *, {parameter}):\n    return item\n",
    )
    run = await lab.start(f"{path}:work")
    assert await run.exit() == 2
    assert said in run.stderr


async def test_items_of_ones_own_are_refused_where_they_make_no_sense(lab: Lab) -> None:
    run = await lab.start("balance", "range:3", gallery=True)
    assert await run.exit() == 2
    assert run.stderr.endswith("balance: its items are its own; --items cannot be given\n")

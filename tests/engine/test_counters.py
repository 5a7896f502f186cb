"""Counters are exact whatever is killed; progress inside an item can be seen."""

from functools import partial

import pytest

from pooltop.model import Kill, StartMethod, Worker
from tests.engine.harness import Lab, done

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


@both_methods
async def test_counters_are_exact_while_workers_are_killed(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("counts", "range:2000", workers=3, start_method=start_method)
    for killed in range(10):
        await run.until(done(killed * 100))
        await run.ask(Kill(1 + killed % 3, "KILL"))
    final = await run.ends_exactly(2000)
    assert final.workers_killed >= 8
    assert final.counters == {
        "steps": 20_000,
        "weight": sum(range(2000)) / 2,
        "debt": -2000,
        **{f"many-{number}": 2000 * number for number in range(1, 21)},
    }


async def test_counters_rise_while_the_item_runs(lab: Lab) -> None:
    file = lab.write(
        "rising.py",
        "import pooltop\nfrom jobs import held\n"
        "def rise(item: int) -> int:\n    pooltop.counter('n').add(5)\n    return held(item)\n",
    )
    lab.write("jobs.py", lab.jobs.read_text())
    run = await lab.start(f"{file}:rise", "range:2")
    await run.until(lambda s: s.counters == {"n": 10} and s.progress.done == 0)
    lab.signal("go")
    assert (await run.ends_exactly(2)).counters == {"n": 10}


async def test_what_a_failed_item_has_counted_counts(lab: Lab) -> None:
    run = await lab.start("counts_and_fails", "range:100")
    final = await run.ends_exactly(100, failed=range(1, 100, 2))
    assert final.counters == {"tried": 100}


async def test_a_counter_beyond_64_bits_costs_no_worker(lab: Lab) -> None:
    run = await lab.start("counts_beyond_64_bits", "range:10")
    final = await run.ends_exactly(10)
    assert final.counters["vast"] == 10 * 2.0**70


def has_come_to(part: float, worker: Worker) -> bool:
    return worker.progress == part


async def test_progress_inside_an_item_is_seen(lab: Lab) -> None:
    run = await lab.start("tracked", "range:1", workers=1)
    for step, part in enumerate([0, 0.25, 0.5, 0.75]):
        await lab.wait_for(f"step-{step}")
        await run.worker(1, partial(has_come_to, part))
        lab.signal(f"go-step-{step}")
    await run.ends_exactly(1)


async def test_without_a_length_there_is_no_progress_to_show(lab: Lab) -> None:
    run = await lab.start("tracked_without_length", "range:1", workers=1)
    await lab.wait_for("began-0")
    assert (await run.worker(1, lambda worker: worker.state == "running")).progress is None
    lab.signal("go")
    await run.ends_exactly(1)

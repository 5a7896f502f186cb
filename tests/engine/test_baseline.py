"""The sequential side: the same items, in one process, before the pool."""

import json

import pytest

from pooltop.model import Kill, StartMethod, Stop
from tests.engine.harness import Lab

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])

WRITER = """
from pathlib import Path
import time
from pooltop import OutputFolder

def save(item: int, out: OutputFolder = Path("output")) -> str:
    time.sleep(0.01)
    target = out / f"{item}.txt"
    assert not target.exists(), f"{target} is there already"
    target.write_text(str(item))
    return str(out)
"""


@both_methods
@pytest.mark.parametrize("given", [False, True])
async def test_it_does_the_same_items_in_a_folder_of_its_own(lab: Lab, given: bool, start_method: StartMethod) -> None:
    file = lab.write("writer.py", WRITER)
    options = ("--out", "mine") if given else ()
    run = await lab.start(f"{file}:save", "range:20", *options, baseline="full", start_method=start_method)
    final = await run.end()
    out = lab.folder / "mine" if given else run.run.directory / "output"
    assert set(run.values().values()) == {str(out)}
    assert final.outputs == (str(out),)
    assert {path.name for path in out.iterdir()} == {f"{item}.txt" for item in range(20)}
    assert "baseline: 20 items" in "\n".join(run.events())


async def test_its_speedup_follows_from_its_seconds(lab: Lab) -> None:
    summary = lab.folder / "summary.json"
    run = await lab.start("nap", "range:60", "--seconds", "0.02", baseline="full", workers=4, summary=summary)
    snapshot = await run.until(lambda s: s.state == "baseline" and s.workers and s.workers[0].item)
    assert [worker.slot for worker in snapshot.workers] == [0]
    final = await run.ends_exactly(60)
    speedup = final.speedup
    assert speedup.speedup is not None and speedup.speedup_with_startup is not None
    assert speedup.baseline is not None and speedup.seconds is not None and speedup.startup_seconds is not None
    assert speedup.final and speedup.baseline.seconds >= 60 * 0.02
    assert speedup.speedup == pytest.approx(speedup.baseline.seconds / speedup.seconds)
    assert speedup.efficiency == pytest.approx(speedup.speedup / 4)
    assert 1 < speedup.speedup_with_startup < speedup.speedup <= 4.5
    assert final.counters == {"items": 60}
    written = json.loads(summary.read_text())
    assert (written["speedup"], written["baseline"]["method"]) == (speedup.speedup, "full")


async def test_failing_items_do_not_end_it(lab: Lab) -> None:
    run = await lab.start("raises", "range:20", "--what", "SystemExit(3)", baseline="full")
    final = await run.ends_exactly(20, failed=[5])
    assert final.speedup.baseline is not None


@both_methods
async def test_an_item_that_ends_its_process_costs_only_the_baseline(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("dies", "range:20", "--how", "segfault", baseline="full", start_method=start_method)
    final = await run.ends_exactly(20, failed=[5])
    assert (final.speedup.baseline, final.speedup.speedup) == (None, None)
    assert any("no baseline" in event and "SIGSEGV" in event for event in run.events())


async def test_a_source_that_breaks_in_it_ends_the_run_with_what_came_before(lab: Lab) -> None:
    run = await lab.start("square", f"{lab.jobs}:breaking_source", baseline="full")
    final = await run.end()
    assert final.state == "failed"
    assert run.values() == {item: item * item for item in range(20)}


async def test_it_can_be_stopped_and_takes_no_other_command(lab: Lab) -> None:
    run = await lab.start("held", "range:4", baseline="full")
    await lab.wait_for("began-0")
    await run.until(lambda s: s.state == "baseline")
    assert "baseline" in await run.refused(Kill(1))
    await run.do(Stop())
    assert (await run.end()).state == "stopped"


async def test_a_run_that_was_stopped_has_no_speedup(lab: Lab) -> None:
    """Nobody knows whether what it did not get to is as dear as what it did."""
    run = await lab.start("nap", "range:100", "--seconds", "0.01", baseline="full")
    await run.until(lambda s: s.state == "running" and s.progress.done > 10)
    await run.do(Stop())
    final = await run.end()
    assert final.state == "stopped"
    assert final.speedup.baseline is not None
    assert final.speedup.speedup is None

"""Items come from the user's own code, lazily, in a process of their own."""

import psutil
import pytest

from pooltop.model import StartMethod, Stop
from tests.engine.harness import Lab, done

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
MEGABYTE = 1 << 20


@both_methods
async def test_a_source_that_breaks_ends_the_run_and_keeps_what_came_before(
    lab: Lab, start_method: StartMethod
) -> None:
    run = await lab.start("square", f"{lab.jobs}:breaking_source", start_method=start_method)
    final = await run.end()
    assert (final.state, run.process.returncode) == ("failed", 1)
    assert "ValueError: the source broke" in final.reason
    assert run.values() == {item: item * item for item in range(20)}
    printed = [line.text for line in run.printed()]
    assert "about to break" in printed
    assert any("in breaking_source" in line for line in printed)


async def test_a_source_that_ends_its_process_ends_the_run(lab: Lab) -> None:
    run = await lab.start("square", f"{lab.jobs}:dying_source")
    final = await run.end()
    assert (final.state, run.process.returncode) == ("failed", 1)
    assert "exit code 3" in final.reason


async def test_an_empty_source_is_a_finished_run(lab: Lab) -> None:
    run = await lab.start("square", "range:0")
    final = await run.ends_exactly(0)
    assert final.progress.eta in (None, 0)


async def test_an_endless_source_runs_until_it_is_stopped(lab: Lab) -> None:
    run = await lab.start("square", f"{lab.jobs}:endless")
    snapshot = await run.until(lambda s: s.progress.done > 10_000)
    assert snapshot.progress.total is None
    await run.do(Stop())
    final = await run.end()
    assert final.state == "stopped"
    values = run.values()
    assert len(values) == final.progress.done >= snapshot.progress.done
    assert all(value == item * item for item, value in values.items())


async def test_a_source_is_read_no_further_than_is_wanted(lab: Lab) -> None:
    run = await lab.start("held", f"{lab.jobs}:counted_source", workers=2)
    await lab.wait_for("began-0", "began-1")
    await run.until(lambda s: all(worker.item for worker in s.workers))
    assert not lab.has("gave-50")
    await run.do(Stop())
    await run.end()


@pytest.mark.chaos
async def test_millions_of_items_never_sit_in_memory(lab: Lab) -> None:
    run = await lab.start("square", f"range:{10**9}")
    await run.until(done(3_000_000), within=60)
    before = memory(run.process.pid)
    await run.until(done(15_000_000), within=60)
    after = memory(run.process.pid)
    await run.do(Stop())
    await run.end()
    assert after < before + 150 * MEGABYTE, "twelve million ints take 430"


async def test_a_hanging_source_can_be_interrupted(lab: Lab) -> None:
    run = await lab.start("square", f"{lab.jobs}:hanging_source")
    await run.until(lambda s: s.progress.done == 3)
    run.process.terminate()
    assert await run.exit(within=5) == 143
    assert run.values() == {0: 0, 1: 1, 2: 4}


def memory(pid: int) -> int:
    """Resident bytes of a process and everything below it."""
    processes = [process := psutil.Process(pid), *process.children(recursive=True)]
    return sum(process.memory_info().rss for process in processes)

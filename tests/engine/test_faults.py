"""An item that ends its process, or raises, or cannot be moved, is a failure of its own; the others are done."""

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
DEATHS = {"exit": "exit code 5", "segfault": "SIGSEGV", "kill": "SIGKILL"}


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.chaos)])
@pytest.mark.parametrize("chunksize", [None, pytest.param(1, marks=pytest.mark.chaos), 100])
@pytest.mark.parametrize(("how", "error"), DEATHS.items())
async def test_an_item_that_ends_its_process_fails_alone_after_three_attempts(
    lab: Lab, how: str, error: str, chunksize: int | None, start_method: StartMethod
) -> None:
    run = await lab.start("dies", "range:300", "--how", how, chunksize=chunksize, start_method=start_method)
    final = await run.ends_exactly(300, failed=[5])
    (failure,) = run.failures()
    assert (failure.error, failure.attempts, failure.item) == (error, 3, "5")
    assert final.failures == (failure,)
    assert final.progress.retried >= 2


async def test_without_retries_the_first_death_is_the_last(lab: Lab) -> None:
    run = await lab.start("dies", "range:300", "--how", "exit", chunksize=1, retries=0)
    final = await run.ends_exactly(300, failed=[5])
    assert run.failures()[0].attempts == 1
    assert final.workers_killed == 1


async def test_items_that_all_die_all_fail(lab: Lab) -> None:
    file = lab.write("mortal.py", "import os\ndef die(item: int) -> int:\n    os._exit(item)\n")
    run = await lab.start(f"{file}:die", "range:10:18", retries=1)
    final = await run.end()
    assert [failure.error for failure in run.failures()] == [f"exit code {item}" for item in range(10, 18)]
    assert final.progress.failed == 8


@pytest.mark.parametrize("chunksize", [None, 100])
@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("ValueError('bad header')", "ValueError: bad header"),
        ("SystemExit(3)", "SystemExit: 3"),
        ("KeyboardInterrupt()", "KeyboardInterrupt"),
        ("StopIteration()", "RuntimeError: the function raised StopIteration"),
        ("GeneratorExit()", "GeneratorExit"),
        ("MemoryError()", "MemoryError"),
        ("Mute()", "Mute"),
        ("Stubborn(item)", "Stubborn: item 5"),
        ("ExceptionGroup('many', [ValueError(1), KeyError(2)])", "ExceptionGroup: many (2 sub-exceptions)"),
        ("ValueError('\\ud800 \\x1b[31m red')", "ValueError: \\ud800 \x1b[31m red"),
    ],
)
async def test_an_item_that_raises_fails_at_once_with_its_traceback(
    lab: Lab, what: str, error: str, chunksize: int | None
) -> None:
    run = await lab.start("raises", "range:300", "--what", what, chunksize=chunksize)
    final = await run.ends_exactly(300, failed=[5])
    (failure,) = run.failures()
    assert (failure.error, failure.attempts, failure.item) == (error, 1, "5")
    assert final.workers_killed == 0
    if not what.startswith("StopIteration"):
        assert "raise eval(what)" in failure.traceback
        assert "pooltop/children/worker.py" not in failure.traceback


@pytest.mark.parametrize("chunksize", [None, 100])
async def test_a_result_that_cannot_be_pickled_is_its_own_items_failure(lab: Lab, chunksize: int | None) -> None:
    run = await lab.start("returns_unpicklable", "range:300", chunksize=chunksize)
    await run.ends_exactly(300, failed=[5])
    (failure,) = run.failures()
    assert failure.item == "5"
    assert "cannot be pickled" in failure.error and "stays here" in failure.error


@pytest.mark.parametrize("chunksize", [1, 12])
async def test_an_item_that_cannot_be_pickled_fails_alone(lab: Lab, chunksize: int) -> None:
    run = await lab.start("opened", f"{lab.jobs}:unpicklable_items", chunksize=chunksize)
    await run.ends_exactly(12, lambda item: item + 100, failed=[5])
    assert "cannot be pickled: RuntimeError: stays here" in run.failures()[0].error


@pytest.mark.parametrize("chunksize", [1, 12])
async def test_an_item_that_raises_when_unpickled_fails_alone(lab: Lab, chunksize: int) -> None:
    run = await lab.start("opened", f"{lab.jobs}:raising_traps", chunksize=chunksize)
    final = await run.ends_exactly(12, lambda item: item, failed=[5])
    assert "does not want to be unpickled" in run.failures()[0].error
    assert final.workers_killed == 0


@pytest.mark.parametrize("chunksize", [1, 12])
async def test_an_item_that_kills_when_unpickled_fails_alone(lab: Lab, chunksize: int) -> None:
    run = await lab.start("opened", f"{lab.jobs}:killing_traps", chunksize=chunksize)
    await run.ends_exactly(12, lambda item: item, failed=[5])
    assert "SIGKILL" in run.failures()[0].error


async def test_large_results_arrive_whole(lab: Lab) -> None:
    run = await lab.start("big_result", "range:4")
    await run.ends_exactly(4, lambda item: bytes([item]) * 50_000_000)


async def test_large_items_arrive_whole(lab: Lab) -> None:
    run = await lab.start("size", f"{lab.jobs}:big_items")
    await run.ends_exactly(6, lambda item: (item, 20_000_000))
    assert not run.failures()


@both_methods
async def test_a_death_is_seen_though_a_child_of_the_dead_holds_its_descriptors(
    lab: Lab, start_method: StartMethod
) -> None:
    run = await lab.start("forks_and_dies", "range:3", start_method=start_method)
    await run.ends_exactly(3)


async def test_failures_with_monstrous_messages_hold_up_nobody(lab: Lab) -> None:
    run = await lab.start("raises_a_page", "range:150")
    final = await run.ends_exactly(150, failed=range(150))
    assert max(len(failure.error) for failure in run.failures()) < 1100
    assert max(len(failure.traceback) for failure in run.failures()) < 21_000
    assert final.state == "finished"


async def test_what_an_item_printed_last_goes_with_its_failure(lab: Lab) -> None:
    run = await lab.start("prints_and_raises", "range:30")
    await run.ends_exactly(30, failed=range(0, 30, 3))
    assert {failure.last_lines for failure in run.failures() if failure.index == 6} == {("line of 6", "complaint of 6")}

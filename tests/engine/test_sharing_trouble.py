"""What workers share, used in every way that makes trouble: nothing is lost, nobody waits for ever, nothing is called
a deadlock that is none."""

import os
import signal
from pathlib import Path

import pytest

from pooltop.model import BaselineMethod, Pause, Resume
from tests.engine.harness import Lab, Running

TROUBLE = Path(__file__).with_name("trouble_jobs.py")


async def play(lab: Lab, job: str, workers: int | None = None, baseline: BaselineMethod = "none") -> Running:
    return await lab.start(f"{TROUBLE}:{job}", workers=workers, baseline=baseline)


async def test_threads_of_one_item_lose_nothing(lab: Lab) -> None:
    run = await play(lab, "threads_put")
    await run.end()
    assert run.values() == {0: 300, 1: 300}


async def test_alarms_lose_nothing_that_was_put_and_still_come_in_the_end(lab: Lab) -> None:
    run = await play(lab, "alarms_while_putting")
    await run.end()
    put, got, alarms_come = run.values()[0]
    assert set(put) <= set(got)
    assert alarms_come


async def test_an_item_that_puts_something_else_when_it_runs_again_loses_nothing_and_that_is_told(lab: Lab) -> None:
    run = await play(lab, "claims")
    final = await run.end()
    assert final.check is not None
    assert final.check.ok, final.check
    assert "1 item put something else into line after a death" in final.check.notes
    assert any("puts something else into line" in event for event in run.events())


async def test_a_time_limit_dies_with_whoever_set_it(lab: Lab) -> None:
    run = await play(lab, "limits")
    await run.end()
    assert run.values()[0] >= 1.4, "the second wait was cut short by the limit of the first"


async def test_a_replacement_passes_where_its_predecessor_passed_in_setup(lab: Lab) -> None:
    run = await play(lab, "meets_in_setup")
    await run.end()
    assert run.values() == {0: None, 1: "on"}


async def test_a_lock_that_an_item_never_released_is_named(lab: Lab) -> None:
    run = await play(lab, "never_released", workers=2)
    final = await run.end()
    assert (final.state, final.progress.failed) == ("failed", 1)
    assert "waits for lock, held by worker" in final.reason and "which has no item" in final.reason


async def test_a_stopped_holder_of_a_lock_holds_up_nobody_for_ever(lab: Lab) -> None:
    run = await play(lab, "holds", workers=3)
    await lab.wait_for("inside")
    os.kill(int((lab.folder / "pid").read_text()), signal.SIGSTOP)
    await run.ends_exactly(3, lambda item: item)


async def test_where_there_is_no_other_worker_to_do_what_one_waits_for_the_run_ends(lab: Lab) -> None:
    run = await play(lab, "needs_its_neighbour", workers=1)
    final = await run.end()
    assert (final.state, final.reason) == ("failed", "deadlock: worker 1 waits for line")


async def test_a_pause_is_no_deadlock(lab: Lab) -> None:
    run = await play(lab, "holds", workers=2)
    await lab.wait_for("inside")
    pid = int((lab.folder / "pid").read_text())
    snapshot = await run.until(lambda s: any(worker.state == "lock wait" for worker in s.workers))
    holder = next(worker.slot for worker in snapshot.workers if worker.pid == pid)
    await run.do(Pause(holder))
    await run.until(lambda s: s.elapsed > snapshot.elapsed + 1)
    await run.do(Resume(holder))
    os.kill(pid, signal.SIGKILL)
    await run.ends_exactly(3, lambda item: item)


async def test_what_one_worker_has_not_begun_goes_to_others_when_it_waits(lab: Lab) -> None:
    run = await play(lab, "needs_its_neighbour", workers=2)
    await run.end()
    assert run.values()[20] == "x"


async def test_closing_the_end_that_belongs_to_the_other_process_ends_nothing(lab: Lab) -> None:
    run = await play(lab, "closes_what_it_does_not_use")
    await run.end()
    assert run.values() == {0: [], 1: list(range(5))}


async def test_forked_children_of_a_worker_can_lock_too(lab: Lab) -> None:
    run = await play(lab, "children_lock_too")
    await run.end()
    assert run.values()[0] == ([0, 0, 0], 3)


async def test_an_alarm_that_is_set_makes_no_deadlock(lab: Lab) -> None:
    run = await play(lab, "own_time_limit")
    await run.end()
    assert run.values()[0] == "late"


async def test_a_baseline_that_stands_still_is_left_out(lab: Lab) -> None:
    run = await play(lab, "only_the_baseline_stands_still", baseline="full")
    final = await run.ends_exactly(1)
    assert final.speedup.baseline is None
    assert any("waits for lock, which it holds itself" in event for event in run.events())


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("check_that_waits", "after the last item: deadlock: the only process waits for line"),
        ("check_that_raises", "after the last item: the check raised LookupError: nothing there"),
    ],
)
async def test_a_check_that_comes_to_no_end_fails_the_run(lab: Lab, job: str, reason: str) -> None:
    run = await play(lab, job)
    final = await run.end()
    assert (final.state, final.reason) == ("failed", reason)


async def test_memory_that_holds_no_character_harms_nobody(lab: Lab) -> None:
    run = await play(lab, "no_such_character")
    final = await run.end()
    assert final.shared[0].value == "?"

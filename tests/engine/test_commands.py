"""What a person asks of the workers is done, costs no item, and is no strike against any."""

import asyncio
from collections.abc import Callable

import psutil
import pytest

from pooltop.model import Command, Kill, Pause, Resize, Restart, Resume, Skip, StartMethod, Stop, Worker
from tests.engine.harness import Lab, done, held_pair

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


def replaced(pid: int | None) -> Callable[[Worker], bool]:
    """It is another process that runs now."""
    return lambda worker: worker.pid not in (pid, None) and worker.state != "starting"


@both_methods
@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "SIGHUP", "USR1", "SEGV"])
async def test_kill_replaces_the_worker_and_keeps_its_item(lab: Lab, name: str, start_method: StartMethod) -> None:
    run, worker = await held_pair(lab, start_method=start_method)
    await run.do(Kill(worker.slot, name, worker.pid))
    after = await run.worker(worker.slot, replaced(worker.pid))
    assert after.restarts == 1
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.workers_started, final.progress.retried) == (1, 3, 1)


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "USR1"])
async def test_an_idle_worker_is_replaced_too(lab: Lab, name: str) -> None:
    run = await lab.start("held", "range:1", workers=2, retries=0)
    holder = await run.holder(0)
    idle = await run.worker(3 - holder.slot, lambda worker: worker.state == "waiting")
    await run.do(Kill(idle.slot, name))
    await run.worker(idle.slot, replaced(idle.pid))
    lab.signal("go")
    final = await run.ends_exactly(1)
    assert (final.workers_killed, final.progress.retried) == (1, 0)


async def test_a_signal_for_a_replaced_worker_reaches_nobody(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Kill(worker.slot, "KILL", worker.pid))
    after = await run.worker(worker.slot, replaced(worker.pid))
    for command in (
        Kill(worker.slot, "KILL", worker.pid),
        Restart(worker.slot, pid=worker.pid),
        Pause(worker.slot, pid=worker.pid),
        Resume(worker.slot, pid=worker.pid),
        Skip(worker.slot, pid=worker.pid),
    ):
        assert f"no longer {worker.pid}" in await run.refused(command)
    assert psutil.pid_exists(after.pid or 0)
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert final.workers_killed == 1


async def test_unknown_workers_signals_and_sizes_are_refused(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    assert await run.refused(Kill(7)) == "there is no worker 7; there are 1, 2"
    assert "NOSUCH" in await run.refused(Kill(worker.slot, "NOSUCH"))
    for size in (0, -1, 100_000):
        assert str(size) in await run.refused(Resize(size))
    assert "not paused" in await run.refused(Resume())
    assert "not paused" in await run.refused(Resume(worker.slot))
    lab.signal("go")
    await run.ends_exactly(6)


async def test_restart_waits_for_the_item(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Restart(worker.slot))
    assert (await run.worker(worker.slot, lambda w: w.state == "ending")).pid == worker.pid
    lab.signal("go-0")
    await run.worker(worker.slot, replaced(worker.pid))
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.workers_started, final.progress.retried) == (0, 3, 0)
    assert lab.begun() == list(range(6))


async def test_restart_now_does_not_wait(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Restart(worker.slot, now=True))
    await run.worker(worker.slot, replaced(worker.pid))
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.workers_started, final.progress.retried) == (3, 1)


async def test_every_worker_may_be_restarted_again_and_again(lab: Lab) -> None:
    run = await lab.start("nap", "range:400", workers=3, retries=0)
    for round_ in range(5):
        snapshot = await run.until(done(round_ * 60))
        for worker in snapshot.workers:
            reply = await run.ask(Restart(worker.slot, now=round_ % 2 == 1))
            assert reply.ok or "replaced" in reply.text
    final = await run.ends_exactly(400)
    assert final.counters == {"items": 400}


@both_methods
async def test_skip_gives_up_just_the_item_in_hand(lab: Lab, start_method: StartMethod) -> None:
    run, worker = await held_pair(lab, items=12, chunksize=6, start_method=start_method)
    await run.do(Skip(worker.slot, worker.pid, 0))
    lab.signal("go")
    await run.ends_exactly(12, failed=[0])
    (failure,) = run.failures()
    assert (failure.error, failure.item, failure.attempts) == ("skipped by you", "0", 1)


async def test_a_paused_item_can_be_skipped(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Pause(worker.slot))
    await run.do(Skip(worker.slot))
    lab.signal("go")
    await run.ends_exactly(6, failed=[0])


async def test_skip_is_refused_when_there_is_nothing_or_something_else_in_hand(lab: Lab) -> None:
    run = await lab.start("held", "range:1", workers=2)
    holder = await run.holder(0)
    await run.worker(3 - holder.slot, lambda worker: worker.state == "waiting")
    assert "no item in hand" in await run.refused(Skip(3 - holder.slot))
    assert "ended that item already" in await run.refused(Skip(holder.slot, item_index=7))
    lab.signal("go")
    await run.ends_exactly(1)


@both_methods
async def test_stop_keeps_what_is_finished(lab: Lab, start_method: StartMethod) -> None:
    run, _ = await held_pair(lab, start_method=start_method)
    lab.signal("go-0")
    await run.until(lambda s: s.progress.done == 1)
    await run.do(Stop())
    final = await run.end()
    assert (final.state, final.reason, final.progress.done) == ("stopped", "stopped by you", 1)
    assert run.values() == {0: 0} and not run.failures()
    assert run.process.returncode == 1


async def test_a_paused_pool_can_be_stopped(lab: Lab) -> None:
    run, _ = await held_pair(lab)
    await run.do(Pause())
    await run.do(Stop())
    assert (await run.end()).state == "stopped"


async def test_many_commands_at_once_do_no_harm(lab: Lab) -> None:
    run = await lab.start("nap", "range:300", "--seconds", "0.01", workers=3, retries=0)
    await run.until(lambda s: s.progress.done > 10)
    commands: list[Command] = [
        Pause(),
        Kill(1, "KILL"),
        Resize(5),
        Restart(2),
        Pause(3),
        Resume(),
        Kill(2, "TERM"),
        Resize(2),
        Resume(),
    ]
    await asyncio.gather(*(run.ask(command) for command in commands))
    await run.ask(Resume())
    final = await run.ends_exactly(300)
    assert final.counters == {"items": 300}

"""Every key and dialog of the run screen, fed with made-up snapshots."""

import msgspec
import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.strip import Strip

from pooltop.model import (
    Command,
    Failure,
    Kill,
    Pause,
    Progress,
    Reply,
    Resize,
    Restart,
    Resume,
    Skip,
    Snapshot,
    Speedup,
    Stop,
    Worker,
)
from tests.tui.fake import FakeFeed, finished, logged, running, worker
from tests.tui.stage import Stage, run_on_stage
from tui.widgets.workers import Workers


async def sent(stage: Stage, *keys: str) -> list[Command]:
    """The commands that these keys sent."""
    before = len(stage.feed.commands)
    await stage.press(*keys)
    await stage.pilot.pause()
    return stage.feed.commands[before:]


def with_workers(*workers: Worker) -> Snapshot:
    return msgspec.structs.replace(running(), workers=workers)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("K", Kill(1, "KILL", 48211)),
        ("r", Restart(1, pid=48211)),
        ("x", Skip(1, 48211, 1)),
        ("p", Pause(1, pid=48211)),
        ("P", Pause()),
        ("plus", Resize(5)),
        ("minus", Resize(3)),
    ],
)
async def test_a_key_sends_its_command_for_the_worker_that_was_seen(key: str, command: Command) -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        assert await sent(stage, key) == [command]


@pytest.mark.parametrize("state", ["paused", "stopped"])
async def test_p_lets_a_frozen_worker_go_on(state: str) -> None:
    async with run_on_stage(FakeFeed(with_workers(worker(1, state=state)))) as stage:
        assert await sent(stage, "p") == [Resume(1, pid=48211)]


async def test_shift_p_lets_a_paused_pool_go_on() -> None:
    async with run_on_stage(FakeFeed(running(state="paused"))) as stage:
        assert "frozen" in stage.text
        assert await sent(stage, "P") == [Resume()]


async def test_resizing_counts_from_what_was_asked_for_last() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        assert await sent(stage, "plus", "plus", "plus") == [Resize(5), Resize(6), Resize(7)]
        await stage.tell(msgspec.structs.replace(running(), workers_requested=7))
        await stage.tell(msgspec.structs.replace(running(), workers_requested=2))
        assert await sent(stage, "minus") == [Resize(1)]


async def test_a_refused_resize_is_forgotten() -> None:
    async with run_on_stage(FakeFeed(running(), reply=Reply(1, False, "too many"))) as stage:
        assert await sent(stage, "plus") == [Resize(5)]
        assert await sent(stage, "plus") == [Resize(5)]


async def test_a_pool_is_never_made_smaller_than_one() -> None:
    async with run_on_stage(FakeFeed(running(1))) as stage:
        assert await sent(stage, "minus") == []
        assert "at least one worker" in stage.text


@pytest.mark.parametrize(("downs", "signal"), [(0, "TERM"), (1, "INT"), (2, "KILL"), (3, "STOP"), (4, "CONT")])
async def test_k_names_the_worker_and_sends_the_chosen_signal(downs: int, signal: str) -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        await stage.press("down", "k")
        assert "Signal worker 2 · pid 48977" in stage.text
        assert "IMG_2202.jpg" in stage.text
        assert await sent(stage, *["down"] * downs, "enter") == [Kill(2, signal, 48977)]


async def test_escape_closes_the_kill_dialog_and_sends_nothing() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        assert await sent(stage, "k", "escape") == []
        assert stage.app.screen is stage.run


async def test_the_kill_dialog_says_when_the_worker_has_been_replaced() -> None:
    reply = Reply(1, False, "worker 1 is 50000 now, no longer 48211; nothing was done")
    async with run_on_stage(FakeFeed(running(), reply=reply)) as stage:
        await stage.press("k")
        assert "Too late" not in stage.text
        await stage.tell(with_workers(worker(1, pid=50000, started=2.0e9)))
        assert "Too late: pid 48211 is gone, pid 50000 has taken its place" in stage.text
        assert await sent(stage, "enter") == [Kill(1, "TERM", 48211)]
        await stage.until_shown("no longer 48211; nothing was done")


PICTURE = "/home/you/.local/state/pooltop/runs/20251122-140200-blur/pictures/picture-26.jpg"


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (50, 15), (40, 12)])
async def test_the_kill_dialog_shows_the_file_and_every_signal_at_any_size(size: tuple[int, int]) -> None:
    async with run_on_stage(FakeFeed(with_workers(worker(1, item=PICTURE))), size=size) as stage:
        await stage.press("k")
        for text in ("Signal worker 1", "/picture-26.jpg", "TERM ", "INT ", "KILL ", "STOP ", "CONT ", "Esc cancel"):
            await stage.until_shown(text)


BASELINE = running(state="baseline", speedup=Speedup(), workers=(worker(0, item=PICTURE),))


@pytest.mark.parametrize("key", ["k", "K", "r", "x", "p", "P", "plus", "minus"])
async def test_while_the_baseline_is_measured_a_key_for_workers_says_so_and_sends_nothing(key: str) -> None:
    async with run_on_stage(FakeFeed(BASELINE)) as stage:
        assert await sent(stage, key) == []
        assert "Measuring the baseline; q can stop the run" in stage.text
        assert stage.app.screen is stage.run


async def test_the_keys_on_show_are_those_that_work() -> None:
    async with run_on_stage(FakeFeed(BASELINE)) as stage:
        assert stage.keys == "? help q leave f failures ⏎ details"
        await stage.tell(running())
        await stage.until(lambda: "k kill" in stage.keys)
        await stage.tell(finished())
        await stage.until(lambda: stage.keys == "? help q leave w gallery f failures ⏎ details")


async def test_the_baseline_too_has_its_details() -> None:
    async with run_on_stage(FakeFeed(BASELINE)) as stage:
        await stage.press("enter")
        await stage.until_shown("The plain loop")
        await stage.until_shown(" …/pooltop/runs/20251122-140200-blur/pictures/picture-26.jpg")
        await stage.tell(running())
        await stage.until_shown("The plain loop is over")


async def test_a_slot_without_a_process_gets_no_commands() -> None:
    async with run_on_stage(FakeFeed(with_workers(worker(1, pid=None, state="dead")))) as stage:
        assert await sent(stage, "k", "K", "r", "x", "p") == []
        assert "no process in that slot" in stage.text


async def test_the_answer_to_a_command_is_shown() -> None:
    async with run_on_stage(FakeFeed(running(), reply=Reply(1, True, "worker 1 restarts after IMG_2201.jpg"))) as stage:
        await stage.press("r")
        await stage.until_shown("worker 1 restarts after IMG_2201.jpg")


async def test_a_command_to_a_run_that_is_gone_is_answered_too() -> None:
    async with run_on_stage(FakeFeed(running(), reply=ConnectionError("gone"))) as stage:
        await stage.press("K")
        await stage.until_shown("supervisor is gone; nothing was done")


async def test_the_selection_follows_the_slot() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        await stage.press("down", "down")
        await stage.tell(with_workers(worker(3, pid=7), worker(9)))
        assert await sent(stage, "K") == [Kill(3, "KILL", 7)]
        await stage.tell(with_workers(worker(2), worker(9)))
        assert await sent(stage, "K") == [Kill(2, "KILL", 48212)]


async def test_the_selection_moves_to_both_ends_and_scrolls() -> None:
    async with run_on_stage(FakeFeed(running(64)), size=(120, 30)) as stage:
        assert "IMG_2264" not in stage.text
        await stage.press(*["pagedown"] * 16)
        assert await sent(stage, "K") == [Kill(64, "KILL", 48274)]
        assert "–64 shown" in stage.text
        assert await sent(stage, "up", "K") == [Kill(63, "KILL", 48273)]
        assert await sent(stage, *["pageup"] * 16, "K") == [Kill(1, "KILL", 48211)]


async def test_the_mouse_selects_and_the_wheel_moves() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        await stage.pilot.click("#workers", offset=(10, 4))
        assert await sent(stage, "K") == [Kill(3, "KILL", 48213)]
        await stage.wheel("#workers", MouseScrollUp)
        assert await sent(stage, "K") == [Kill(1, "KILL", 48211)]


async def test_enter_shows_all_about_the_worker_live() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        await stage.press("down", "down", "enter")
        assert "Worker 3" in stage.text and "UserWarning: EXIF lost" in stage.text and "48213" in stage.text
        await stage.tell(with_workers(worker(3, pid=50001, item="later.jpg")))
        assert "50001" in stage.text and "later.jpg" in stage.text
        await stage.tell(with_workers(worker(1)))
        assert "no longer part of the pool" in stage.text
        await stage.press("escape")
        assert stage.app.screen is stage.run


def failed(*indexes: int) -> Snapshot:
    found = tuple(Failure(index=n, item=f"item {n}", error="SIGSEGV", traceback=f"trace {n}\x1b[2J") for n in indexes)
    return running(failures=found, progress=Progress(total=480, done=9, failed=len(found)))


async def test_f_lists_the_failed_items_live_and_enter_shows_all_of_one() -> None:
    async with run_on_stage(FakeFeed(failed(3, 8))) as stage:
        await stage.press("f")
        await stage.until_shown("▌      8  item 8")
        await stage.tell(failed(3, 8, 4))
        assert "▌      8  item 8" in stage.text and "Failed items 3" in stage.text
        await stage.press("up", "enter")
        await stage.until_shown("trace 3\\x1b[2J")
        assert "Failed item 3" in stage.text and "\x1b" not in stage.text
        await stage.tell(failed(8, 4, 5))
        await stage.press("escape")
        await stage.until_shown("▌      4  item 4")
        assert "item 3" not in stage.text
        await stage.press("f")
        assert stage.app.screen is stage.run


async def test_many_failed_items_scroll_by_key_and_mouse() -> None:
    async with run_on_stage(FakeFeed(failed(*range(100))), size=(80, 24)) as stage:
        await stage.press("f")
        await stage.until_shown("· 81–100 shown")
        await stage.press("pageup")
        await stage.until_shown("▌     79 ")
        await stage.pilot.click("#failures", offset=(10, 2))
        await stage.until_shown("▌     79 ")
        await stage.pilot.resize_terminal(50, 15)
        await stage.until_shown("▌     79 ")
        await stage.press(*["pageup"] * 20)
        await stage.until_shown("▌      0 ")


async def test_without_failed_items_f_says_so_and_enter_does_nothing() -> None:
    async with run_on_stage(FakeFeed(failed())) as stage:
        await stage.press("f", "enter")
        await stage.until_shown("No item has failed.")
        await stage.tell(failed(7))
        await stage.until_shown("▌      7  item 7")


async def test_question_mark_explains_every_key() -> None:
    async with run_on_stage(FakeFeed(running()), size=(120, 50)) as stage:
        await stage.press("question_mark")
        for key in ("↑ ↓", "Enter", "k", "K", "r", "x", "f", "p", "P", "+ -", "w", "q ctrl+c"):
            assert f"│ {key} " in stage.text
        await stage.press("question_mark")
        assert stage.app.screen is stage.run


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_asks_while_work_runs_and_escape_stays(key: str) -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        assert await sent(stage, key) == []
        assert "Leave blur?" in stage.text and "241 of 480 items" in stage.text
        await stage.press(key)  # once more changes nothing
        await stage.press("escape")
        assert stage.app.screen is stage.run
        assert stage.app.is_running and not stage.feed.closed


async def test_names_are_never_taken_for_markup() -> None:
    name = "./[/red]x.py:f"
    async with run_on_stage(FakeFeed(running(workload=name))) as stage:
        assert name in stage.text
        await stage.press("q")
        assert f"Leave {name}?" in stage.text


async def test_leaving_in_the_background_ends_the_screen_alone() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        assert await sent(stage, "q", "enter") == []
        await stage.until(lambda: stage.app.return_value is not None)
    assert stage.app.return_value == 0
    assert stage.feed.closed


async def test_leaving_by_stopping_waits_for_the_end() -> None:
    async with run_on_stage(FakeFeed(running(), reply=Reply(1, True, "stopping"))) as stage:
        assert await sent(stage, "q", "down", "enter") == [Stop()]
        await stage.until_shown("stopping")
        assert stage.app.return_value is None
        stage.feed.tell(running(state="stopped"))
        stage.feed.tell(None)
        await stage.until(lambda: stage.app.return_value is not None)
    assert stage.app.return_value == 1


async def test_a_refused_stop_stays() -> None:
    async with run_on_stage(FakeFeed(running(), reply=Reply(1, False, "not now"))) as stage:
        await stage.press("q", "down", "enter")
        await stage.until_shown("not now")
        assert stage.app.return_value is None


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (3, 1)])
async def test_after_the_end_q_leaves_at_once(failed: int, code: int) -> None:
    end = finished()
    end = msgspec.structs.replace(end, progress=msgspec.structs.replace(end.progress, failed=failed))
    async with run_on_stage(FakeFeed(end, None)) as stage:
        await stage.press("q")
        await stage.until(lambda: stage.app.return_value is not None)
    assert stage.app.return_value == code


async def test_after_the_end_nothing_is_sent_and_w_opens_the_gallery() -> None:
    async with run_on_stage(FakeFeed(finished(), None)) as stage:
        assert await sent(stage, "k", "K", "r", "x", "p", "P", "plus", "minus") == []
        assert stage.app.screen is stage.run
        await stage.press("w")
        await stage.until_shown("Workloads")


async def test_w_does_nothing_while_it_runs() -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        await stage.press("w")
        assert stage.app.screen is stage.run
        assert "w gallery" not in stage.text


@pytest.mark.parametrize("end", [None, ConnectionResetError("reset"), ValueError("no snapshot")])
async def test_a_supervisor_that_vanishes_is_said_to_be_gone(end: Exception | None) -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        stage.feed.tell(end)
        await stage.until_shown("supervisor is gone")
        assert "✘ failed" in stage.text
        await stage.press("q")
        await stage.until(lambda: stage.app.return_value is not None)
    assert stage.app.return_value == 1


async def test_the_log_follows_until_one_scrolls_back() -> None:
    def lines(newest: int) -> Snapshot:
        return running(log=tuple(logged(n, f"line {n}.") for n in range(1, newest + 1)))

    async with run_on_stage(FakeFeed(lines(100))) as stage:
        assert "line 100." in stage.text
        await stage.wheel("#log", MouseScrollUp)
        await stage.until_shown("line 97.")
        assert "line 98." not in stage.text and "3 newer below" in stage.text
        await stage.tell(lines(105))
        assert "line 97." in stage.text and "line 98." not in stage.text and "8 newer below" in stage.text
        for _ in range(3):
            await stage.wheel("#log", MouseScrollDown)
        await stage.until_shown("line 105.")
        await stage.tell(lines(106))
        assert "line 106." in stage.text


async def test_only_changed_lines_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_on_stage(FakeFeed(running())) as stage:
        painted: list[int] = []
        draw = Workers.render_line

        def noted(panel: Workers, y: int) -> Strip:
            painted.append(y)
            return draw(panel, y)

        monkeypatch.setattr(Workers, "render_line", noted)
        await stage.tell(running(elapsed=103.0))
        assert painted == []
        crew = [*running().workers]
        crew[1] = msgspec.structs.replace(crew[1], item="another.jpg")
        await stage.tell(with_workers(*crew))
        assert set(painted) == {2}


@pytest.mark.parametrize("size", [(140, 40), (120, 24), (80, 24), (80, 14), (50, 15), (40, 12)])
async def test_state_progress_and_workers_are_seen_at_any_size(size: tuple[int, int]) -> None:
    async with run_on_stage(FakeFeed(running()), size=(100, 30)) as stage:
        await stage.pilot.resize_terminal(*size)
        await stage.until(lambda: len(stage.text.split("\n")) == size[1])
        for text in ("running", "blur", "241 of 480", "IMG_2202", "stopped"):
            await stage.until_shown(text)
        assert stage.keys.startswith("? help q leave")

"""The gallery: choosing, filling in, running, and what goes wrong."""

import pytest
from textual.widgets import Input, Select

from tests.tui.fake import FakeEngine
from tests.tui.stage import Stage, gallery_on_stage
from tui.engine import Refused
from tui.screens.run import RunScreen
from tui.widgets.field import Field


def field(stage: Stage, name: str) -> Input:
    """What one types into, by the name of its blank."""
    [found] = [field for field in stage.app.screen.query(Field) if field.blank.name == name]
    return found.query_one(Input)


def baseline(stage: Stage) -> "Select[str]":
    """What one chooses."""
    [found] = [field for field in stage.app.screen.query(Field) if field.blank.name == "baseline"]
    return found.query_one(Select)


async def type_own(stage: Stage, text: str) -> None:
    await stage.press("end", "tab", *text)
    await stage.pilot.pause()


async def test_it_opens_on_the_first_workload_with_its_form_and_source() -> None:
    async with gallery_on_stage(FakeEngine()) as stage:
        for text in ("Real work", "Blur pictures", "Basics", "Hello", "your own function", "radius", "8.0"):
            await stage.until_shown(text)
        for text in ("What Blur pictures does.", "And a second paragraph.", "def blur(item):", "workers", "baseline"):
            await stage.until_shown(text)


async def test_enter_runs_what_is_highlighted() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.press("down")
        await stage.until_shown("What Hello does.")
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
    [spec] = engine.started
    assert (spec.workload, spec.workers, spec.baseline, spec.options) == ("hello", None, "full", ())
    assert spec.directory and spec.environment


async def test_what_is_typed_into_the_form_is_run_from_there() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.until_shown("radius")
        await stage.press("tab", *"photos")
        await stage.press("tab", *"2.5", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
    [spec] = engine.started
    assert (spec.items, spec.options) == ("photos", ("--radius=2.5",))


async def test_a_click_chooses_and_does_not_run() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.pilot.click("#workloads", offset=(6, 4))
        await stage.until_shown("What Hello does.")
        await stage.pilot.pause()
        assert engine.started == []


async def test_a_wrong_number_is_named_in_place() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.until_shown("radius")
        field(stage, "workers").value = "many"
        await stage.press("enter")
        await stage.until_shown("workers: 'many' is not a whole number from 1 to 2,048")
        assert engine.started == []


async def test_a_refused_start_is_told_and_the_users_traceback_can_be_read() -> None:
    refusal = Refused("tasks.py fails when it is imported: ZeroDivisionError", "Traceback: in tasks.py, line 3")
    async with gallery_on_stage(FakeEngine(refusal=refusal)) as stage:
        await stage.press("tab", "enter")
        await stage.until_shown("tasks.py fails when it is imported: ZeroDivisionError")
        await stage.press("t")
        await stage.until_shown("Traceback: in tasks.py, line 3")
        await stage.press("escape")
        await stage.until_shown("fails when it is imported")


async def test_without_a_traceback_t_does_nothing() -> None:
    async with gallery_on_stage(FakeEngine(refusal=Refused("no such folder: x"))) as stage:
        await stage.press("enter")
        await stage.until_shown("no such folder: x")
        screen = stage.app.screen
        await stage.press("t")
        assert stage.app.screen is screen


async def test_a_function_of_ones_own_is_shown_as_it_is_typed_and_run() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await type_own(stage, "tasks:resiz")
        await stage.until_shown("there is no tasks:resiz")
        await stage.press("e")
        await stage.until_shown("def resize(item):")
        await stage.press("tab", *"range:5", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
    [spec] = engine.started
    assert (spec.workload, spec.items, spec.baseline) == ("tasks:resize", "range:5", "none")


async def test_the_baseline_follows_what_is_typed_until_somebody_chooses() -> None:
    async with gallery_on_stage(FakeEngine()) as stage:
        await type_own(stage, "tasks:resize")
        await stage.until(lambda: baseline(stage).value == "none")
        await stage.press(*"_twice")
        await stage.until(lambda: baseline(stage).value == "full")
        await stage.press(*["backspace"] * 6)
        await stage.until(lambda: baseline(stage).value == "none")
        baseline(stage).value = "full"
        await stage.press("x")
        await stage.until_shown("there is no tasks:resizex")
        assert baseline(stage).value == "full"


async def test_what_others_have_installed_and_what_is_in_files_have_headings_of_their_own() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        for text in ("Installed", "melt", "From tasks.py", "shrink"):
            await stage.until_shown(text)
        await stage.press("down", "down")
        for text in ("cannot be used: no module named 'acme' is installed", "of acme-tools"):
            await stage.until_shown(text)
        await stage.press("down")
        for text in ("tasks.py:shrink", "factor", "/home/me/tasks.py", "def shrink(item):"):
            await stage.until_shown(text)
        await stage.press("tab", *"range:3", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
    [spec] = engine.started
    assert (spec.workload, spec.items, spec.baseline) == ("tasks.py:shrink", "range:3", "none")


async def test_another_workload_has_a_form_of_its_own() -> None:
    """What was typed for one function of a file is not left in the form of the next workload."""
    async with gallery_on_stage(FakeEngine()) as stage:
        await stage.press("down", "down", "down")
        await stage.until_shown("factor")
        await stage.press("tab", *"photos", "escape", "end")
        await stage.until(lambda: "photos" not in stage.text)


async def test_what_is_no_function_is_not_run() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.press("end", "enter")
        await stage.until_shown("Type the function first")
        await stage.press(*"nonsense", "enter")
        await stage.until_shown("there is no nonsense")
        assert engine.started == []


async def test_escape_goes_back_to_the_list() -> None:
    async with gallery_on_stage(FakeEngine()) as stage:
        await stage.press("tab", "q", "escape")
        assert stage.app.return_value is None
        assert stage.app.focused is stage.app.screen.query_one("#workloads")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_the_gallery_asks_nothing(key: str) -> None:
    async with gallery_on_stage(FakeEngine()) as stage:
        await stage.press(key)
        await stage.until(lambda: stage.app.return_value == 0)


async def test_question_mark_explains_items() -> None:
    async with gallery_on_stage(FakeEngine(), size=(120, 50)) as stage:
        await stage.press("question_mark")
        await stage.until_shown("jsonl:FILE")


async def test_after_a_run_w_comes_back() -> None:
    engine = FakeEngine()
    async with gallery_on_stage(engine) as stage:
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen) and stage.app.screen.snapshot is not None)
        [feed] = engine.feeds
        feed.tell(None)
        await stage.until_shown("supervisor is gone")
        await stage.press("w")
        await stage.until_shown("Workloads")
        assert feed.closed


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (50, 15), (40, 12)])
async def test_list_and_form_are_seen_at_any_size(size: tuple[int, int]) -> None:
    async with gallery_on_stage(FakeEngine(), size=size) as stage:
        for text in ("Blur pictures", "items", "radius"):
            await stage.until_shown(text)
        assert stage.keys.startswith("? help q leave")

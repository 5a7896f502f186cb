"""The real engine behind the seam, where that takes no processes: a run that has ended, a function that is nowhere."""

from pathlib import Path

import pytest

from pooltop.model import RunSpec, Stop
from pooltop.run.journal import Journal
from pooltop.runs import Run
from tests.tui.fake import finished
from tui.engine import Refused
from tui.local import LocalEngine, attach

SPEC = RunSpec(workload="blur", workers=2, directory="/")


def ended_run(folder: Path, *, seen: bool) -> Run:
    (folder / "runtime").symlink_to(folder / "nowhere")
    journal = Journal.create(folder / "journal.db", SPEC)
    if seen:
        journal.state(finished())
    journal.close()
    return Run(folder)


async def test_a_run_that_has_ended_shows_its_end(tmp_path: Path) -> None:
    feed = await attach(ended_run(tmp_path, seen=True), hz=2.0)
    assert [snapshot async for snapshot in feed.snapshots()] == [finished()]
    with pytest.raises(ConnectionError):
        await feed.ask(Stop())
    await feed.close()


async def test_a_run_that_left_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="ended before it began"):
        await attach(ended_run(tmp_path, seen=False), hz=2.0)
    with pytest.raises(Refused):
        await attach(Run(tmp_path / "no such run"), hz=2.0)


def test_a_function_that_is_nowhere_is_refused_with_one_line() -> None:
    with pytest.raises(Refused) as refused:
        LocalEngine(2.0).describe("no_such_module:function")
    assert "no_such_module" in str(refused.value) and "\n" not in str(refused.value)


def test_the_gallery_comes_from_the_project() -> None:
    assert "blur" in [entry.workload for entry in LocalEngine(2.0).gallery()]

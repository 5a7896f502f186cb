"""What the screens look like, as text: compare with golden/*.txt, made anew by `UPDATE_GOLDEN=1 pytest tests/tui`."""

import os
from pathlib import Path

import pytest

from pooltop.model import Snapshot, Speedup
from tests.tui.fake import FakeEngine, FakeFeed, finished, running, sharing, stopped, worker
from tests.tui.stage import gallery_on_stage, run_on_stage

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(140, 40), (80, 24), (50, 15)]
MOMENTS = {
    "running": running(),
    "baseline": running(state="baseline", speedup=Speedup(), workers=(worker(0, done=12),)),
    "sharing": sharing(),
    "finished": finished(),
    "stopped": stopped(),
}


def compare(name: str, size: tuple[int, int], seen: str) -> None:
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(seen + "\n")
    assert seen + "\n" == path.read_text()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_run_looks_as_it_should(moment: str, size: tuple[int, int]) -> None:
    snapshot: Snapshot = MOMENTS[moment]
    async with run_on_stage(FakeFeed(snapshot), size=size) as stage:
        await stage.until_shown("? help")
        compare(moment, size, stage.text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_failed_items_look_as_they_should(size: tuple[int, int]) -> None:
    async with run_on_stage(FakeFeed(stopped()), size=size) as stage:
        await stage.press("f", "up")
        await stage.until_shown("▌      9  IMG_2193.jpg")
        compare("failures", size, stage.text)
        await stage.press("enter")
        await stage.until_shown("half read")
        compare("failure", size, await stage.settled())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_gallery_looks_as_it_should(size: tuple[int, int]) -> None:
    async with gallery_on_stage(FakeEngine(), size=size) as stage:
        await stage.until_shown("? help")
        await stage.until_shown("items")
        compare("gallery", size, await stage.settled())

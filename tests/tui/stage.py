"""The dashboard on a made-up terminal, fed with made-up snapshots."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from pooltop.model import Snapshot
from tests.tui.fake import FakeEngine, FakeFeed
from tui.dashboard import Dashboard
from tui.screens.run import RunScreen

DEADLINE = 10.0


class Stage:
    """What a test sees and does."""

    def __init__(self, app: Dashboard, pilot: Pilot[int], feed: FakeFeed) -> None:
        self.app = app
        self.pilot = pilot
        self.feed = feed

    @property
    def text(self) -> str:
        """The characters on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    @property
    def keys(self) -> str:
        """The footer."""
        return self.text.rpartition("\n")[2]

    @property
    def run(self) -> RunScreen:
        """The screen of the run, whatever dialog lies over it."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, RunScreen))

    async def press(self, *keys: str) -> None:
        """Type."""
        await self.pilot.press(*keys)

    async def wheel(self, selector: str, turn: type[MouseScrollUp | MouseScrollDown]) -> None:
        """Turn the mouse's wheel by one over a panel."""
        panel = self.run.query_one(selector)
        panel.post_message(turn(panel, 1, 1, 0, 0, 0, False, False, False))
        await self.pilot.pause()

    async def tell(self, snapshot: Snapshot) -> None:
        """The feed has news, and the screen has shown it."""
        self.feed.tell(snapshot)
        await self.until(lambda: self.run.snapshot == snapshot)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"{what or 'it'} did not come true; the screen:\n{self.text}"
            await asyncio.sleep(0.01)
            await self.pilot.pause()

    async def settled(self) -> str:
        """What is shown once nothing changes any more."""
        before = ""
        while before != self.text:
            before = self.text
            await self.pilot.pause(0.2)
        return before

    async def until_shown(self, text: str) -> None:
        """Wait for a text to be on the screen."""
        await self.until(lambda: text in self.text, repr(text))


@asynccontextmanager
async def run_on_stage(feed: FakeFeed, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    """The screen of one run, its first snapshot shown."""

    async def watch() -> FakeFeed:
        return feed

    app = Dashboard(FakeEngine(), watch)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot, feed)
        await stage.until(lambda: isinstance(app.screen, RunScreen) and app.screen.snapshot is not None)
        await pilot.pause()
        yield stage


@asynccontextmanager
async def gallery_on_stage(engine: FakeEngine, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    """The gallery."""
    app = Dashboard(engine)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot, FakeFeed())
        await stage.until_shown("Workloads")
        yield stage

"""The Textual app: which screen follows which, and how it ends."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType

from tui.engine import Engine, Feed, Refused
from tui.screens.gallery import GalleryScreen
from tui.screens.leave import LeaveDialog
from tui.screens.run import RunScreen


class Dashboard(App[int]):
    """The gallery, and the screens of the runs started there; or one run only, where `watch` opens it."""

    TITLE = "pooltop"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "leave", show=False, priority=True)]

    def __init__(self, engine: Engine, watch: Callable[[], Awaitable[Feed]] | None = None) -> None:
        super().__init__()
        self._engine = engine
        self._watch_first = watch

    async def on_mount(self) -> None:
        """Take over the signals that end programs or let them go on, and open the first screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)
        loop.add_signal_handler(signal.SIGCONT, self._take_terminal_anew)
        if self._watch_first is None:
            self.push_screen(GalleryScreen(self._engine))
            return
        try:
            self.push_screen(RunScreen(await self._watch_first()))
        except Refused as refused:
            self.exit(1, message=_verbatim(str(refused)))

    def _take_terminal_anew(self) -> None:
        """Go on after a SIGSTOP. Textual would begin a second time what it had never ended, and hang at its exit."""
        with self.suspend():
            pass

    def action_leave(self) -> None:
        """As the key q does, wherever one is."""
        if isinstance(self.screen, LeaveDialog):
            return
        for screen in reversed(self.screen_stack):
            if isinstance(screen, RunScreen | GalleryScreen):
                screen.action_leave()
                return
        self.exit(0)  # the first screen is not there yet

    def on_gallery_screen_started(self, message: GalleryScreen.Started) -> None:
        """A run begins: look at it."""
        self.push_screen(RunScreen(message.feed))

    def on_gallery_screen_left(self, _: GalleryScreen.Left) -> None:
        """Nothing runs here: out."""
        self.exit(0)

    def on_run_screen_left(self, message: RunScreen.Left) -> None:
        """Out, with a line on what becomes of the run."""
        self.exit(message.exit_code, message=_verbatim(message.parting))

    def on_run_screen_to_gallery(self, _: RunScreen.ToGallery) -> None:
        """Back to the gallery, or to a first one where the program began with a run."""
        if self._watch_first is None:
            self.pop_screen()
        else:
            self._watch_first = None
            self.switch_screen(GalleryScreen(self._engine))


def _verbatim(text: str) -> Text:
    """For the terminal after the screen: no markup, and paths that can be copied whole."""
    return Text(text, no_wrap=True, overflow="ignore")

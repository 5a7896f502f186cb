"""The log."""

from textual import events

from pooltop.model import Snapshot
from tui.view import log
from tui.view.line import Lines
from tui.widgets.panel import Panel

WHEEL_LINES = 3


class Log(Panel):
    """What happened; it follows the newest line until one scrolls back."""

    def __init__(self) -> None:
        super().__init__("log", "Log")
        self._last_in_sight: int | None = None

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        back = log.furthest(self._back(snapshot), len(snapshot.log), height)
        self._last_in_sight = snapshot.log[-1 - back].number if back else None
        self.retitle(f"Log · {back} newer below" if back else "Log")
        return log.lines(snapshot.log, back, width, height)

    def _back(self, snapshot: Snapshot) -> int:
        """How many lines have come after the last one in sight."""
        if self._last_in_sight is None:
            return 0
        return sum(entry.number > self._last_in_sight for entry in snapshot.log)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Back in time."""
        event.stop()
        self._scroll(WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Towards the newest."""
        event.stop()
        self._scroll(-WHEEL_LINES)

    def _scroll(self, lines: int) -> None:
        if self.snapshot is None or not self.snapshot.log:
            return
        entries = self.snapshot.log
        back = log.furthest(max(self._back(self.snapshot) + lines, 0), len(entries), self.size.height)
        self._last_in_sight = entries[-1 - back].number if back else None
        self.redraw()

"""Rows of which one is chosen."""

from abc import abstractmethod
from collections.abc import Sequence

from textual import events

from pooltop.model import Snapshot
from tui.view.rows import scrolled
from tui.widgets.panel import Panel

WHEEL_ROWS = 3


class Table(Panel):
    """A heading and rows; the choice stays with its row's key, wherever that row is now."""

    def __init__(self, id: str, title: str, chosen: int | None = None) -> None:
        super().__init__(id, title)
        self._chosen = chosen
        self._top = 0

    @abstractmethod
    def keys(self, snapshot: Snapshot) -> Sequence[int]:
        """What each row is known by, in their order."""

    @property
    @abstractmethod
    def page(self) -> int:
        """The rows in sight."""

    def settle(self, snapshot: Snapshot, shown: int) -> None:
        """Choose the nearest row where the chosen one is gone, and scroll as little as shows it."""
        keys = self.keys(snapshot)
        if self._chosen not in keys:
            wanted = self._chosen or 0
            self._chosen = min(keys, key=lambda key: abs(key - wanted), default=None)
        if self._chosen is not None:
            self._top = scrolled(self._top, keys.index(self._chosen), shown, len(keys))

    def move(self, rows: int) -> None:
        """Choose the row so many further down (up, where negative)."""
        if self.snapshot is None or self._chosen is None:
            return
        self._choose_row(self.keys(self.snapshot).index(self._chosen) + rows)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the choice."""
        event.stop()
        self.move(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the choice."""
        event.stop()
        self.move(WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        offset = event.get_content_offset(self)
        if offset is not None and 0 < offset.y <= self.page:
            self._choose_row(self._top + offset.y - 1)

    def _choose_row(self, row: int) -> None:
        keys = self.keys(self.snapshot) if self.snapshot is not None else ()
        if keys:
            self._chosen = keys[min(max(row, 0), len(keys) - 1)]
            self.redraw()

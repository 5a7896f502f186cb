"""The workers and the selection among them."""

from textual import events

from pooltop.model import Snapshot, Worker
from tui.view import workers
from tui.view.details import worker_in
from tui.view.line import Lines
from tui.widgets.panel import Panel

WHEEL_ROWS = 3


class Workers(Panel):
    """A line each; the selection stays with its slot, whatever becomes of the process."""

    def __init__(self) -> None:
        super().__init__("workers", "Workers")
        self._chosen: int | None = None
        self._top = 0

    @property
    def chosen(self) -> Worker | None:
        """The selected worker as of the last snapshot."""
        if self.snapshot is None or self._chosen is None:
            return None
        return worker_in(self.snapshot, self._chosen)

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        self._keep_a_choice(snapshot)
        shown = workers.rows_in(height, self._has_total)
        slots = [worker.slot for worker in snapshot.workers]
        if self._chosen is not None:
            self._top = workers.scrolled(self._top, slots.index(self._chosen), shown, len(slots))
        self.retitle(workers.title(snapshot, self._top, shown))
        return workers.lines(snapshot, self._chosen, self._top, width, height, self._has_total)

    def move(self, rows: int) -> None:
        """Select the worker so many rows further down (up, where negative)."""
        if self.snapshot is None or self._chosen is None:
            return
        slots = [worker.slot for worker in self.snapshot.workers]
        self._choose_row(slots.index(self._chosen) + rows)

    @property
    def page(self) -> int:
        """The rows in sight."""
        return workers.rows_in(self.size.height, self._has_total)

    @property
    def _has_total(self) -> bool:
        """Without a frame lines are scarce, and a total would look like a worker."""
        return not self.has_class("-bare")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the selection."""
        event.stop()
        self.move(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the selection."""
        event.stop()
        self.move(WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """A click selects."""
        offset = event.get_content_offset(self)
        if offset is not None and 0 < offset.y <= self.page:
            self._choose_row(self._top + offset.y - 1)

    def _choose_row(self, row: int) -> None:
        if self.snapshot is None or not self.snapshot.workers:
            return
        row = min(max(row, 0), len(self.snapshot.workers) - 1)
        self._chosen = self.snapshot.workers[row].slot
        self.redraw()

    def _keep_a_choice(self, snapshot: Snapshot) -> None:
        """Where the selected slot is gone, the nearest one takes its place."""
        slots = [worker.slot for worker in snapshot.workers]
        if self._chosen not in slots:
            wanted = self._chosen or 0
            self._chosen = min(slots, key=lambda slot: abs(slot - wanted), default=None)

"""The workers and the selection among them."""

from collections.abc import Sequence

from pooltop.model import Snapshot, Worker
from tui.view import workers
from tui.view.details import worker_in
from tui.view.line import Lines
from tui.widgets.table import Table


class Workers(Table):
    """A line each; the selection stays with its slot, whatever becomes of the process."""

    def __init__(self) -> None:
        super().__init__("workers", "Workers")

    @property
    def chosen(self) -> Worker | None:
        """The selected worker as of the last snapshot."""
        if self.snapshot is None or self._chosen is None:
            return None
        return worker_in(self.snapshot, self._chosen)

    def keys(self, snapshot: Snapshot) -> Sequence[int]:
        """The slots."""
        return [worker.slot for worker in snapshot.workers]

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        shown = workers.rows_in(height, self._has_total)
        self.settle(snapshot, shown)
        self.retitle(workers.title(snapshot, self._top, shown))
        return workers.lines(snapshot, self._chosen, self._top, width, height, self._has_total)

    @property
    def page(self) -> int:
        """See `Table`."""
        return workers.rows_in(self.size.height, self._has_total)

    @property
    def _has_total(self) -> bool:
        """Without a frame lines are scarce, and a total would look like a worker."""
        return not self.has_class("-bare")

"""The failed items and the selection among them."""

from collections.abc import Sequence

from pooltop.model import Failure, Snapshot
from tui.view import failures
from tui.view.line import Lines
from tui.widgets.table import Table


class Failures(Table):
    """A line each, the newest last, where the selection begins."""

    def __init__(self, snapshot: Snapshot) -> None:
        newest = snapshot.failures[-1].index if snapshot.failures else None
        super().__init__("failures", "Failed items", newest)
        self.snapshot = snapshot

    @property
    def chosen(self) -> Failure | None:
        """The selected item as of the last snapshot."""
        known = self.snapshot.failures if self.snapshot is not None else ()
        return next((failure for failure in known if failure.index == self._chosen), None)

    def keys(self, snapshot: Snapshot) -> Sequence[int]:
        """The places in the input."""
        return [failure.index for failure in snapshot.failures]

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        shown = failures.rows_in(snapshot, height)
        self.settle(snapshot, shown)
        self.retitle(failures.title(snapshot, self._top, shown))
        return failures.lines(snapshot, self._chosen, self._top, width, height)

    @property
    def page(self) -> int:
        """See `Table`."""
        return failures.rows_in(self.snapshot, self.size.height) if self.snapshot is not None else 1

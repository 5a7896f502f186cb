"""The counters."""

from pooltop.model import Snapshot
from tui.view import counters
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Counters(Panel):
    """The workload's named totals."""

    def __init__(self) -> None:
        super().__init__("counters", "Counters")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return counters.lines(snapshot.counters, width, height)

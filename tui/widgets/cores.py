"""The cores."""

from pooltop.model import Snapshot
from tui.view import cores
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Cores(Panel):
    """A meter and a history for each core."""

    def __init__(self) -> None:
        super().__init__("cores", "Cores")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return cores.lines(snapshot.cores, width, height)

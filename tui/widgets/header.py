"""The two lines on top of a run."""

from pooltop.model import Snapshot
from tui.cost import OwnCost
from tui.view import header
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Header(Panel):
    """State and progress, and what this screen costs."""

    def __init__(self) -> None:
        super().__init__("header")
        self._cost = OwnCost()

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return [header.title(snapshot, self._cost.measure(), width), header.progress(snapshot, width)][:height]

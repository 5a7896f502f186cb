"""The end of the run."""

from pooltop.model import Snapshot
from tui.view import result
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Result(Panel):
    """The final speedup, the check, the failures, and where everything is."""

    def __init__(self) -> None:
        super().__init__("result", "Result")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return result.lines(snapshot, width, height)

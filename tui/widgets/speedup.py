"""The speedup while the run goes on."""

from pooltop.model import Snapshot
from tui.view import speedup
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Speedup(Panel):
    """Sequential against parallel, estimated so far."""

    def __init__(self) -> None:
        super().__init__("speedup", "Speedup")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        self.retitle(speedup.title(snapshot))
        return speedup.lines(snapshot, width, height)

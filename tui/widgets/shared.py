"""The shared values."""

from pooltop.model import Snapshot
from tui.view import shared
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Shared(Panel):
    """What the workers share, live."""

    def __init__(self) -> None:
        super().__init__("shared", "Shared values")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return shared.lines(snapshot.shared, width, height)

"""The dialog with all that is known of one worker."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from pooltop.model import Snapshot
from tui.screens.dialog import Dialog
from tui.view import details
from tui.view.line import Lines
from tui.widgets.panel import Panel


class Details(Panel):
    """One worker, live."""

    def __init__(self, slot: int) -> None:
        super().__init__("details", details.title(slot))
        self._slot = slot
        self.border_subtitle = "Esc close"
        self.add_class("dialog", "tall")

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        return details.lines(snapshot, self._slot, width, height)


class WorkerDialog(Dialog[None]):
    """Follows the slot, whatever becomes of the process in it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,enter", "cancel", "close", show=False)]

    def __init__(self, slot: int, snapshot: Snapshot) -> None:
        super().__init__()
        self._details = Details(slot)
        self._details.snapshot = snapshot

    def compose(self) -> ComposeResult:
        """One panel."""
        yield self._details

    def show(self, snapshot: Snapshot) -> None:
        """The same, newer."""
        self._details.show(snapshot)

"""The screen of the failed items."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from pooltop.model import Snapshot
from tui.screens.dialog import Dialog
from tui.screens.text import TextDialog
from tui.view.failures import account
from tui.widgets.failures import Failures


class FailuresDialog(Dialog[None]):
    """Lists them live; Enter shows all of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,f", "cancel", "close", show=False),
        Binding("enter", "details", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._failures = Failures(snapshot)
        self._failures.border_subtitle = "↑ ↓ choose · Enter all of it · Esc close"

    def compose(self) -> ComposeResult:
        """One panel."""
        yield self._failures

    def show(self, snapshot: Snapshot) -> None:
        """The same, newer."""
        self._failures.show(snapshot)

    def action_move(self, rows: int) -> None:
        """Select another item."""
        self._failures.move(rows)

    def action_page(self, pages: int) -> None:
        """Select an item further away."""
        self._failures.move(pages * self._failures.page)

    def action_details(self) -> None:
        """All about the selected item."""
        if failure := self._failures.chosen:
            self.app.push_screen(TextDialog(f"Failed item {failure.index:,}", account(failure)))

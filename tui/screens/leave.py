"""The dialog on the way out while work runs."""

from typing import Literal, TypeAlias

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pooltop.model import Snapshot
from tui.screens.dialog import Dialog
from tui.view.words import plural, printable

Choice: TypeAlias = Literal["background", "stop"]


class LeaveDialog(Dialog[Choice]):
    """Stop the run, or let it go on without a screen; the choice that loses nothing comes first."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        """What is at stake, and the two ways."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Leave {printable(self._snapshot.workload)}?")
            box.border_subtitle = "Enter choose · Esc stay"
            yield Static(_at_stake(self._snapshot), id="what", markup=False)
            yield OptionList(
                Option("Leave it running in the background", id="background"),
                Option("Stop it; what is finished is kept", id="stop"),
                markup=False,
            )

    def show(self, snapshot: Snapshot) -> None:
        """Keep the count up to date."""
        self.query_one("#what", Static).update(_at_stake(snapshot))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click decides."""
        self.dismiss("stop" if event.option_id == "stop" else "background")


def _at_stake(snapshot: Snapshot) -> str:
    progress = snapshot.progress
    if progress.total is None:
        return f"{plural(progress.done, 'item')} done so far."
    return f"{progress.done:,} of {plural(progress.total, 'item')} done so far."

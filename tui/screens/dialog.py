"""What all dialogs share."""

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from pooltop.model import Snapshot

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A box in the middle; Esc is always the way out and answers None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close")]

    def action_cancel(self) -> None:
        """Close it and do nothing."""
        self.dismiss(None)

    def show(self, snapshot: Snapshot) -> None:
        """The run over which the dialog lies has a new snapshot; most dialogs do not mind."""

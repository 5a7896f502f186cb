"""The form of a workload: its options, and how to run it."""

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.reactive import reactive

from pooltop.describe import Description
from tui.form import blanks
from tui.widgets.field import Field


class Form(VerticalGroup):
    """Made anew for each description."""

    description: reactive[Description | None] = reactive(None, recompose=True)

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._workers = workers

    def compose(self) -> ComposeResult:
        """A line for each blank."""
        if self.description is not None:
            own = ":" in self.description.workload
            yield from map(Field, blanks(self.description, self._workers, own))

    @property
    def answers(self) -> dict[str, str]:
        """What every field says now, by the name of its blank."""
        return {field.blank.name: field.answer for field in self.query(Field)}

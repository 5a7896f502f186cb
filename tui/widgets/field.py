"""One line of the form: a label, what one types or chooses, a hint."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label, Select

from tui.form import Blank


class Field(Horizontal):
    """The answer to one blank."""

    def __init__(self, blank: Blank) -> None:
        super().__init__()
        self.blank = blank

    def compose(self) -> ComposeResult:
        """From left to right."""
        yield Label(self.blank.label, classes="label", markup=False)
        if self.blank.choices:
            options = [(choice, choice) for choice in self.blank.choices]
            yield Select(options, value=self._first_choice(), allow_blank=False, compact=True)
        else:
            yield Input(self.blank.initial, placeholder=self.blank.placeholder, compact=True)
        yield Label(self.blank.hint, classes="hint", markup=False)

    @property
    def answer(self) -> str:
        """What it says now."""
        if self.blank.choices:
            return str(self.query_one(Select).value)
        return self.query_one(Input).value

    def _first_choice(self) -> str:
        return self.blank.initial or self.blank.choices[0]

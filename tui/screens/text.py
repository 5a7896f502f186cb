"""A text to read: the help, a traceback."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from pooltop.printable import printable, printable_lines
from tui.screens.dialog import Dialog


class TextDialog(Dialog[None]):
    """A text that scrolls, whoever wrote it; Esc, q and ? close it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark", "cancel", "close", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = printable_lines(text)

    def compose(self) -> ComposeResult:
        """The text in a box."""
        with VerticalScroll(classes="dialog tall") as box:
            box.border_title = Content(printable(self._title))
            box.border_subtitle = "↑ ↓ scroll · Esc close"
            yield Static(self._text, markup=False)

"""The one line above the keys: the answer to the last command, or what the state means."""

from textual.timer import Timer

from pooltop.model import Snapshot
from tui.view.line import Lines, Role, Span, fit, line
from tui.view.state import ended, explanation
from tui.view.words import printable
from tui.widgets.panel import Panel

ANSWER_SECONDS = 6.0


class Status(Panel):
    """Never moves, never grows."""

    def __init__(self) -> None:
        super().__init__("status")
        self._answer: Span | None = None
        self._timer: Timer | None = None

    def answer(self, text: str, role: Role = "strong") -> None:
        """Show what became of a command, for some seconds."""
        self._answer = Span(printable(text), role)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(ANSWER_SECONDS, self._expire)
        self.redraw()

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """See `Panel`."""
        shown = explanation(snapshot) if ended(snapshot) else self._answer or explanation(snapshot)
        return [fit(line(" ", shown), width)][:height]

    def _expire(self) -> None:
        self._answer = None
        self.redraw()

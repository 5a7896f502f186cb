"""The dialog that sends a signal to a worker."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pooltop.model import Snapshot, Worker
from tui.screens.dialog import Dialog
from tui.view.details import worker_in
from tui.view.label import shortened
from tui.view.words import duration, printable

SIGNALS = {
    "TERM": "ask it to end",
    "INT": "end it, as Ctrl-C does",
    "KILL": "end it now",
    "STOP": "freeze it; it keeps its item",
    "CONT": "let it go on",
}


class Held(Widget):
    """The item in the worker's hand, on one line whatever its length; none takes no line."""

    item: reactive[str] = reactive("", layout=True)

    def render(self) -> Content:
        """As much of its name as fits."""
        return Content(shortened(self.item, self.size.width))

    def watch_item(self, item: str) -> None:
        """An empty line would look like a nameless item."""
        self.display = bool(item)


class KillDialog(Dialog[str]):
    """Asks which signal; answers its name.

    The worker is the process that was selected when the dialog opened; when another one takes its place
    meanwhile, the dialog says so.
    """

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    def compose(self) -> ComposeResult:
        """What will be hit, what follows, and the signals, the gentlest first."""
        with Vertical(classes="dialog") as box:
            box.border_title = f"Signal worker {self._worker.slot} · pid {self._worker.pid}"
            box.border_subtitle = "Enter send · Esc cancel"
            yield Held()
            yield Static(id="what", markup=False)
            options = (Option(f"{name:<5} {meaning}", id=name) for name, meaning in SIGNALS.items())
            yield OptionList(*options, markup=False)

    def on_mount(self) -> None:
        """Begin with the worker as it was chosen."""
        self._tell(self._worker)

    def show(self, snapshot: Snapshot) -> None:
        """Follow the worker while the dialog is open."""
        self._tell(worker_in(snapshot, self._worker.slot))

    def _tell(self, now: Worker | None) -> None:
        same = now is not None and (now.pid, now.started) == (self._worker.pid, self._worker.started)
        what = self.query_one("#what", Static)
        what.set_class(not same, "warning")
        what.update(_consequence(now) if now is not None and same else self._too_late(now))
        self.query_one(Held).item = printable(now.item or "") if now is not None and same else ""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click sends."""
        self.dismiss(event.option_id)

    def _too_late(self, now: Worker | None) -> str:
        empty = now is None or now.pid is None
        successor = "its slot is empty" if empty or now is None else f"pid {now.pid} has taken its place"
        return f"Too late: pid {self._worker.pid} is gone, {successor}. A signal sent now is refused."


def _consequence(worker: Worker) -> str:
    if worker.item is None:
        return "It has no item in hand. If it ends, a replacement starts at once."
    held = f"In hand for {duration(worker.seconds)}."
    return f"{held} If the worker ends, another one does the item; a replacement starts at once."

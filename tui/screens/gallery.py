"""The first screen: choose a workload, fill in its form, run it."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.highlight import highlight
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from pooltop.model import RunSpec
from pooltop.work.describe import Description
from tui.engine import Engine, Feed, Refused
from tui.form import FormError, run_spec
from tui.screens.help import GALLERY
from tui.screens.text import TextDialog
from tui.view.prose import paragraphs
from tui.view.words import printable
from tui.widgets.form import Form

OWN = "own"
OWN_PROMPT = "+ your own function"
OWN_TITLE = "Your own function"
OWN_FIRST = "Type the function first: module:function or ./file.py:function."
OWN_TEXT = """\
Type where it is, and where its items come from. Parameters with defaults become options here.

It takes one item and returns its result. Modules are found in the folder in which pooltop was started. What you see \
here is read from its source; nothing of it runs before you press Enter.
"""


class Workloads(OptionList, inherit_bindings=False):
    """Enter is left to the screen, which runs; a click only chooses."""

    DEFAULT_CSS = "Workloads { text-wrap: nowrap; text-overflow: ellipsis; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
    ]


class Source(Static):
    """Python, below a line that says from which file."""

    DEFAULT_CSS = "Source { border-top: solid $foreground 30%; border-title-color: $foreground; }"

    def show(self, description: Description | None) -> None:
        """The source of this workload, where it is known."""
        if description is None or not description.source:
            self.display = False
            return
        self.display = True
        self.border_title = Content(f" {printable(description.path or '')} ")
        self.update(highlight(description.source, language="python"))


class GalleryScreen(Screen[None]):
    """The workloads on the left, what is known of the highlighted one on the right."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal")]  # noqa: RUF012 -- no ClassVar in Textual either
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "leave", "leave"),
        Binding("enter", "run", "run"),
        Binding("t", "traceback", "traceback"),
        Binding("escape", "back", "list"),
        Binding("pageup", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(1)", "read on", key_display="PgDn"),
    ]

    class Started(Message):
        """A run began."""

        def __init__(self, feed: Feed) -> None:
            super().__init__()
            self.feed = feed

    class Left(Message):
        """The person has had enough."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._gallery = {entry.workload: entry for entry in engine.gallery()}
        self._description: Description | None = None
        self._traceback = ""

    def compose(self) -> ComposeResult:
        """List, text, form, source, and a line for what goes wrong."""
        with Horizontal(id="gallery"):
            workloads = Workloads(*self._options(), id="workloads", markup=False)
            workloads.border_title = "Workloads"
            yield workloads
            with VerticalScroll(id="page", can_focus=False):
                yield Static(id="summary", markup=False)
                yield Input(id="function", placeholder="module:function or ./file.py:function", compact=True)
                yield Form(self._engine.default_workers())
                yield Static(id="doc", markup=False)
                yield Source()
        yield Static(id="message", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the first workload."""
        workloads = self.query_one("#workloads", OptionList)
        workloads.focus()
        workloads.action_first()

    # What is shown.

    @on(OptionList.OptionHighlighted, "#workloads")
    def show_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another workload: its text, form and source."""
        self._say("")
        own = event.option_id == OWN
        self.query_one("#function").display = own
        if own:
            self._show(None, OWN_TITLE, OWN_TEXT)
            self._describe_own()
        elif event.option_id is not None:
            entry = self._gallery[event.option_id]
            self._show(entry, entry.title, entry.doc or entry.summary)

    @on(Input.Changed, "#function")
    def describe_typed(self) -> None:
        """Show the function as soon as what is typed names one; until then say what is amiss."""
        self._describe_own()

    def _describe_own(self) -> None:
        typed = self.query_one("#function", Input).value.strip()
        if not typed:
            self._show(None, OWN_TITLE, OWN_TEXT)
            self._say(OWN_FIRST, problem=False)
            return
        try:
            found = self._engine.describe(typed)
        except Refused as refused:
            self._show(None, OWN_TITLE, OWN_TEXT)
            self._say(str(refused), problem=False)
        else:
            self._say("")
            self._show(found, found.title, found.doc or OWN_TEXT)

    def _show(self, description: Description | None, title: str, doc: str) -> None:
        self._description = description
        page = self.query_one("#page")
        page.border_title = Content(printable(title))
        page.border_subtitle = Content(printable(_origin(description)))
        summary, _, rest = paragraphs(doc).partition("\n\n")
        self.query_one("#summary", Static).update(summary)
        self.query_one("#doc", Static).update(rest)
        self.query_one(Form).show(description, typed=self.query_one("#function").display)
        self.query_one(Source).show(description)

    def _options(self) -> list[Option]:
        options: list[Option] = []
        section = None
        for entry in self._gallery.values():
            if entry.section != section:
                section = entry.section
                options.append(Option(printable(section), disabled=True))
            options.append(Option(f"  {printable(entry.title)}", id=entry.workload))
        return [*options, Option("Yours", disabled=True), Option(f"  {OWN_PROMPT}", id=OWN)]

    # What the keys do.

    @on(Input.Submitted)
    def run_from_form(self) -> None:
        """Enter in a field."""
        self.action_run()

    def action_run(self) -> None:
        """Run what the form says, or say what is missing."""
        if self._description is None:
            self.query_one("#message").add_class("warning")
            self.query_one("#function").focus()
            return
        try:
            spec = run_spec(self._description, self.query_one(Form).answers)
        except FormError as error:
            self._say(str(error))
            return
        self._start(spec)

    @work(exclusive=True)
    async def _start(self, spec: RunSpec) -> None:
        self._say(f"Starting {spec.workload} …", problem=False)
        try:
            feed = await self._engine.start(spec)
        except Refused as refused:
            self._say(str(refused), refused.details)
        else:
            self._say("")
            self.post_message(self.Started(feed))

    def _say(self, text: str, traceback: str = "", problem: bool = True) -> None:
        self._traceback = traceback
        message = self.query_one("#message", Static)
        message.set_class(problem, "warning")
        message.update(printable(text) + ("  (t shows the traceback)" if traceback else ""))
        if traceback:
            self.action_back()
        self.refresh_bindings()

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """There is not always a traceback, nor a form to come back from."""
        match action:
            case "traceback":
                return bool(self._traceback)
            case "back":
                return not isinstance(self.focused, Workloads)
            case _:
                return True

    def action_traceback(self) -> None:
        """What the user's own code raised."""
        self.app.push_screen(TextDialog("Traceback of your code", self._traceback))

    def action_help(self) -> None:
        """The keys, and what items may be."""
        self.app.push_screen(TextDialog("pooltop", GALLERY))

    def action_scroll(self, pages: int) -> None:
        """Read on, or back."""
        page = self.query_one("#page")
        page.scroll_relative(y=pages * page.size.height, animate=False)

    def action_back(self) -> None:
        """To the list, from wherever in the form."""
        self.query_one(Workloads).focus()

    def action_leave(self) -> None:
        """Nothing runs here that could be lost."""
        self.post_message(self.Left())


def _origin(description: Description | None) -> str:
    """Where a workload comes from that is not pooltop's."""
    if description is None:
        return ""
    if description.distribution:
        return f"of {description.distribution}"
    return description.workload if ":" in description.workload else ""

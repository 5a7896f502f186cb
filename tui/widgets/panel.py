"""A panel drawn line by line: only the lines that changed since the last snapshot are painted again."""

from abc import abstractmethod
from itertools import zip_longest

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from pooltop.model import Snapshot
from tui.view.arrangement import Box
from tui.view.line import ROLES, Line, Lines


class Panel(Widget):
    """Shows a snapshot as the lines that `lines` makes of it.

    Textual's own tables and meters cost ten times as much at two updates a second, see the measurements in bench.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {f"panel--{role}" for role in ROLES} | {"panel--chosen"}

    def __init__(self, id: str, title: str = "") -> None:
        super().__init__(id=id)
        self.border_title = title
        self.snapshot: Snapshot | None = None
        self._lines: Lines = ()

    @abstractmethod
    def lines(self, snapshot: Snapshot, width: int, height: int) -> Lines:
        """What to show of `snapshot` in this many columns and lines."""

    def show(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on."""
        self.snapshot = snapshot
        self.redraw()

    def redraw(self) -> None:
        """Compute the lines anew and paint those that differ."""
        if self.snapshot is None or not self.display or not self.size:
            return
        fresh = self.lines(self.snapshot, self.size.width, self.size.height)
        pairs = enumerate(zip_longest(self._lines, fresh))
        changed = [Region(0, y, self.size.width, 1) for y, (old, new) in pairs if old != new]
        self._lines = fresh
        if changed:
            self.refresh(*changed)

    def retitle(self, title: str) -> None:
        """Change the title in the border, which paints the whole panel, only where it is another."""
        if self.border_title != title:
            self.border_title = title

    def place(self, box: Box | None, framed: bool) -> None:
        """Put the panel there, with or without a frame; None hides it."""
        self.display = box is not None
        if box is None:
            return
        self.set_class(not framed, "-bare")
        self.styles.offset = (box.x, box.y)
        self.styles.width, self.styles.height = box.width, box.height

    def on_resize(self, _: events.Resize) -> None:
        """Another size is another set of lines."""
        self.redraw()

    def on_show(self, _: events.Show) -> None:
        """What came while it was hidden was not drawn."""
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """One line, as Textual's compositor asks for it."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strip(self._lines[y]).adjust_cell_length(self.size.width, self.rich_style)

    def _strip(self, line: Line) -> Strip:
        style = self.get_component_rich_style
        base = style("panel--chosen") if line.chosen else self.rich_style
        return Strip([Segment(span.text, base + style(f"panel--{span.role}", partial=True)) for span in line.spans])

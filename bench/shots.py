"""Takes the README's pictures: runs the real program in a real terminal, types at it, and draws what it shows.

    python -m bench.shots [FOLDER]        (make shots)

The terminal is pyte's; the drawing is rich's SVG, without its reference to a web font.
"""

import io
import os
import re
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

import pexpect
import pyte
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, ROWS = 120, 32
PATIENCE = 120.0
"""Seconds that a text may take to appear."""


class Terminal:
    """A program in a pseudo-terminal, and what is on its screen."""

    def __init__(self, *command: str) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._program = pexpect.spawn(
            command[0],
            list(command[1:]),
            dimensions=(ROWS, COLUMNS),
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )

    def wait_for(self, text: str) -> None:
        """Until the text is on the screen; TimeoutError where it does not come."""
        deadline = time.monotonic() + PATIENCE
        while not any(text in line for line in self._screen.display):
            self._take(0.1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} did not appear:\n" + "\n".join(self._screen.display))

    def watch(self, seconds: float) -> None:
        """Let it go on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take(0.1)

    def press(self, keys: str) -> None:
        """Type."""
        self._program.send(keys)

    def close(self) -> None:
        """Hang up."""
        self._program.close(force=True)

    def _take(self, seconds: float) -> None:
        try:
            self._stream.feed(self._program.read_nonblocking(1 << 16, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return

    def save(self, path: Path, title: str) -> None:
        """Draw the screen as SVG."""
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
        for row in range(ROWS):
            console.print(self._row(row), no_wrap=True, overflow="crop")
        drawing = console.export_svg(title=title, theme=MONOKAI)
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL))

    def _row(self, row: int) -> Text:
        cells = [self._screen.buffer[row][column] for column in range(COLUMNS)]
        text = Text()
        for style, run in groupby(cells, key=_style):
            text.append("".join(cell.data for cell in run), style)
        return text


def _style(cell: pyte.screens.Char) -> Style:
    return Style(
        color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, italic=cell.italics, reverse=cell.reverse
    )


def _colour(name: str) -> Color | None:
    """A colour as pyte names it: `default`, `brown`, `1e1e1e`."""
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return Color.parse(f"#{name}")
    return Color.parse({"brown": "yellow"}.get(name, name.replace("bright", "bright_")))


def take(folder: Path) -> None:
    """The gallery, a run with a worker killed in it, and the end."""
    terminal = Terminal("pooltop")
    try:
        terminal.wait_for("Blur pictures")
        terminal.watch(1)
        terminal.save(folder / "gallery.svg", "pooltop")
        terminal.press("\r")
        terminal.wait_for("running  ")
        terminal.wait_for("Speedup so far")
        terminal.watch(2)
        terminal.press("K")
        terminal.watch(2)
        terminal.save(folder / "running.svg", "pooltop")
        terminal.wait_for("finished")
        terminal.watch(1)
        terminal.save(folder / "end.svg", "pooltop")
        terminal.press("q")
        terminal.watch(0.5)
    finally:
        terminal.close()


def main() -> None:
    """Take them with a state directory of their own."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        take(folder)


if __name__ == "__main__":
    main()

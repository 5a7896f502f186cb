"""A real program in a real terminal, one whose screen pyte keeps: for pictures, measurements and tests."""

import io
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pexpect
import pyte
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

PATIENCE = 60.0
"""Seconds that something may take to appear."""


class Terminal:
    """A program in a terminal of `columns` by `rows`, and what is on its screen.

    `environment` is added to this process's own.
    """

    def __init__(
        self, *command: str, columns: int = 120, rows: int = 32, environment: Mapping[str, str] | None = None
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._columns, self._rows = columns, rows
        self.written = bytearray()
        self._program: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            list(command[1:]),
            dimensions=(rows, columns),
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
        )

    @property
    def pid(self) -> int:
        """Of the program."""
        assert self._program.pid is not None
        return self._program.pid

    @property
    def text(self) -> str:
        """The screen as it is, line by line."""
        return "\n".join(self._screen.display)

    def wait_for(self, wanted: str | Callable[[str], bool], within: float = PATIENCE) -> str:
        """Until a text is on the screen, or the screen is as wanted; the screen. TimeoutError where that never is."""
        deadline = time.monotonic() + within
        while not (wanted in self.text if isinstance(wanted, str) else wanted(self.text)):
            self._take(0.05)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{wanted!r} did not come about:\n{self.text}")
        return self.text

    def watch(self, seconds: float) -> None:
        """Let it go on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take(0.05)

    def settle(self, quiet: float = 0.3) -> None:
        """Until nothing has been drawn for so many seconds: keys typed ahead may miss a focus that is on its way."""
        drawn = -1
        while drawn != len(self.written):
            drawn = len(self.written)
            self.watch(quiet)

    def press(self, keys: str) -> None:
        """Type."""
        self._program.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """As when somebody pulls at the window's corner."""
        self._columns, self._rows = columns, rows
        self._screen.resize(rows, columns)
        self._program.setwinsize(rows, columns)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._program.kill(number)

    def wait_for_exit(self, within: float = PATIENCE) -> int:
        """The program's exit code, minus the number of the signal that ended it."""
        deadline = time.monotonic() + within
        while self._program.isalive():
            self._take(0.05)
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not end:\n{self.text}")
        self._take(0.05)
        code = self._program.exitstatus
        return -int(self._program.signalstatus or 0) if code is None else int(code)

    def close(self) -> None:
        """Close the terminal, as its window's close button does: the program gets SIGHUP and no more input."""
        # pexpect's own close() goes on to send signals; the file below it is not in its published types.
        cast(Any, self._program).ptyproc.fileobj.close()

    def _take(self, seconds: float) -> None:
        try:
            data = self._program.read_nonblocking(1 << 16, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.written += data
        self._stream.feed(data)

    def save(self, path: Path, title: str) -> None:
        """Draw the screen as SVG, without a reference to a web font."""
        console = Console(record=True, width=self._columns, file=io.StringIO(), force_terminal=True)
        for row in range(self._rows):
            console.print(self._row(row), no_wrap=True, overflow="crop")
        drawing = console.export_svg(title=title, theme=MONOKAI)
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL))

    def _row(self, row: int) -> Text:
        cells = [self._screen.buffer[row][column] for column in range(self._columns)]
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

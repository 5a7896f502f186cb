"""What user code prints: to the run's log, with worker and item, never to the terminal.

Two ways out of a child, because each alone loses something. Python's own streams send whole lines over the child's
channel, tagged with the item that wrote them. Below them descriptors 1 and 2 are a pipe to the supervisor, so that C
code, subprocesses, crash reports and handlers that kept an older stream end up in the log too.
"""

import io
import os
import sys
from collections.abc import Callable

from pooltop.wire.channel import ChildEnd, Undisturbed
from pooltop.wire.messages import Printed

LONGEST_LINE = 1 << 16


def redirect_descriptors(log: int) -> None:
    """Before any user code: standard input is empty, output and error go to the pipe `log`."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)


class _Lines(io.RawIOBase):
    """The bytes below a text stream: sends each whole line."""

    def __init__(self, channel: ChildEnd, descriptor: int, item: Callable[[], str | None]) -> None:
        self._channel = channel
        self._descriptor = descriptor
        self._item = item
        self._partial = b""

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """User code that closes its output ends a line, not the log."""
        self.end_line()

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: object, /) -> int:
        written = bytes(data)  # type: ignore[call-overload]  # any buffer, as for every raw stream
        with Undisturbed():
            self._take(written)
        return len(written)

    def _take(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._send_whole(line)
        if len(self._partial) > LONGEST_LINE:
            self.end_line()

    def end_line(self) -> None:
        """What an item has printed without a newline is a line of its own."""
        if self._partial:
            line, self._partial = self._partial, b""
            self._send_whole(line)

    def _send_whole(self, line: bytes) -> None:
        """A line that is too long as several."""
        for at in range(0, max(1, len(line)), LONGEST_LINE):
            self._send(line[at : at + LONGEST_LINE])

    def _send(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").removesuffix("\r")
        self._channel.send(Printed(text, self._descriptor == 2, self._item()))


class PythonStreams:
    """`sys.stdout` and `sys.stderr` of a child; `item` names the item that is printing."""

    def __init__(self, channel: ChildEnd, item: Callable[[], str | None] = lambda: None) -> None:
        self._lines = [_Lines(channel, descriptor, item) for descriptor in (1, 2)]
        self._streams = [
            io.TextIOWrapper(lines, encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[type-var]  # TextIOWrapper needs only what a raw stream has
            for lines in self._lines
        ]
        sys.stdout, sys.stderr = self._streams

    def end_lines(self) -> None:
        """The present item has ended."""
        for stream, lines in zip(self._streams, self._lines, strict=True):
            stream.flush()
            lines.end_line()

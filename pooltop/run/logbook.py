"""The run's log: lines that user code printed and events, numbered; the newest in memory, all in the journal."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pooltop.model import LogLine
from pooltop.run.journal import Journal

TAIL = 200
READ_SIZE = 1 << 12
"""Bytes of output taken at once: two thousand lines at the worst."""
PIPE_SIZE = 1 << 16
"""As much as a pipe holds."""
LONGEST_LINE = 1 << 16


class Logbook:
    """Takes lines in, gives them numbers, keeps the tail for the screens.

    last_number: of the last line of the journal, where a run is gone on with.
    """

    def __init__(self, journal: Journal, last_number: int = 0) -> None:
        self._journal = journal
        self._number = last_number
        self.tail: deque[LogLine] = deque(maxlen=TAIL)

    def event(self, text: str, *, slot: int | None = None, pid: int | None = None) -> None:
        """Something happened to the run."""
        self._add("event", text, slot, pid, None)

    def printed(
        self,
        text: str,
        *,
        error_stream: bool = False,
        slot: int | None = None,
        pid: int | None = None,
        item: str | None = None,
    ) -> None:
        """User code printed a line."""
        self._add("err" if error_stream else "out", text, slot, pid, item)

    def _add(
        self, kind: Literal["event", "out", "err"], text: str, slot: int | None, pid: int | None, item: str | None
    ) -> None:
        self._number += 1
        line = LogLine(number=self._number, time=time.time(), kind=kind, text=text, slot=slot, pid=pid, item=item)
        self.tail.append(line)
        self._journal.log(line)


class OutputPipe:
    """Reads the pipe below a child's descriptors 1 and 2, and gives on whole lines."""

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._partial = b""
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self.read(True)

    def read(self, wanted: bool) -> None:
        """Take lines as they come, or (False) leave whoever writes to wait."""
        if wanted and not self._ended:
            self._loop.add_reader(self._descriptor, self._readable)
        else:
            self._loop.remove_reader(self._descriptor)

    def close(self) -> None:
        """Take what a dead child has left in the pipe, and let go of it."""
        # What its own children go on writing is theirs: no more than is there now.
        self._take(PIPE_SIZE)
        if self._partial:
            self._give(self._partial)
        self.read(False)
        os.close(self._descriptor)

    def _readable(self) -> None:
        self._take(READ_SIZE)

    def _take(self, size: int) -> None:
        try:
            data = os.read(self._descriptor, size)
        except BlockingIOError:
            return
        if not data:
            self._ended = True
            self.read(False)
            return
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._give(line)
        if len(self._partial) > LONGEST_LINE:
            self._give(self._partial)
            self._partial = b""

    def _give(self, line: bytes) -> None:
        self._on_line(line.decode("utf-8", "replace").removesuffix("\r"))


class ImportOutput:
    """The file that takes what the fork server's import prints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def read(self) -> str:
        """What has come since the last call."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return ""
        self._at += len(data)
        return data.decode("utf-8", "replace")

"""The thread that writes the journal: it gathers what is handed over into transactions.

A large body goes into a file of its own beside the database, which takes no more than a gigabyte in a row and copies
what it is given. The file is on the disk before its row is committed.
"""

import mmap
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

Content: TypeAlias = bytes | bytearray | mmap.mmap

_GATHER_SECONDS = 0.2
"""How long a commit waits for company; with the commit itself it stays under 0.5 s."""
_GATHER_BYTES = 8 << 20
"""A commit of more than this begins at once."""
_ROW_BYTES = 500


class Statement(NamedTuple):
    """SQL and its parameters by name."""

    sql: str
    values: Mapping[str, object]


class Spill(NamedTuple):
    """A body that goes into a file of its own."""

    path: Path
    body: Content

    def write(self) -> None:
        """Put it there (0600), and on the disk. Raises OSError, FileExistsError where there is a file already."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self.path.touch(mode=0o600, exist_ok=False)
        try:
            with self.path.open("wb") as file:
                file.write(self.body)
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # a full disk has no room for halves
            self.path.unlink()
            raise


def remove_strays(connection: sqlite3.Connection, folder: Path) -> None:
    """Remove the spilled files whose rows were never committed: their writer was killed in between."""
    named = {file for (file,) in connection.execute("SELECT file FROM results WHERE file IS NOT NULL")}
    for path in folder.glob("*"):
        if path.name not in named:
            path.unlink()


class Entry(NamedTuple):
    """Statements that belong together: a transaction has all of them or none."""

    statements: tuple[Statement, ...]
    content: int = 0
    """Bytes of their long texts and blobs."""
    spill: Spill | None = None

    @property
    def size(self) -> int:
        """What it keeps in memory: a short line's own objects are larger than its text."""
        return self.content + _ROW_BYTES * len(self.statements)


class Committer:
    """Used from one thread, beside its own. After an error all that comes waits for one last attempt, at the end: a
    lock may be gone by then, and on a full disk there may be room."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.error: Exception | None = None
        self._connection = connection
        self._queue: queue.SimpleQueue[Entry | threading.Event] = queue.SimpleQueue()
        self._end = threading.Event()
        self._unwritten: list[Entry] = []
        self._given = 0  # bytes; written by the supervisor's thread only,
        self._done = 0  # and this by the committer's only, so that neither needs a lock
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    @property
    def pending_bytes(self) -> int:
        """What was handed over and is not committed yet."""
        return self._given - self._done

    def put(self, entry: Entry) -> None:
        """To be committed soon."""
        self._given += entry.size
        self._queue.put(entry)

    def flush(self) -> None:
        """Wait until everything handed over is committed, or has failed to be."""
        committed = threading.Event()
        self._queue.put(committed)
        committed.wait()

    def close(self) -> None:
        """Commit everything and let go of the file."""
        self._queue.put(self._end)
        self._thread.join()
        self._connection.close()

    def _write(self) -> None:
        """The thread: one transaction after another."""
        while not self._end.is_set():
            entries, barrier = self._gather()
            self._unwritten += entries
            if self.error is None or barrier is self._end:  # else rows are missing, and none may come before them
                self._commit_all()
            self._done += sum(entry.size for entry in entries)
            if barrier is not None:
                barrier.set()

    def _gather(self) -> tuple[list[Entry], threading.Event | None]:
        """What the next transaction is to hold, and who waits for it: it ends at a waiter, by its size, or its age."""
        entries: list[Entry] = []
        size = 0
        entry = self._queue.get()
        deadline = time.monotonic() + _GATHER_SECONDS
        while isinstance(entry, Entry):
            entries.append(entry)
            size += entry.size
            left = deadline - time.monotonic()
            if left <= 0 or size > _GATHER_BYTES:
                return entries, None
            try:
                entry = self._queue.get(timeout=left)
            except queue.Empty:
                return entries, None
        return entries, entry

    def _commit_all(self) -> None:
        spilled: list[Path] = []
        try:
            for spill in filter(None, (entry.spill for entry in self._unwritten)):
                spill.write()
                spilled.append(spill.path)
            with self._connection:
                for entry in self._unwritten:
                    for sql, values in entry.statements:
                        self._connection.execute(sql, values)
            self._unwritten.clear()
        except Exception as error:  # whatever it is, the supervisor must hear of it, and no flush may hang
            for path in spilled:
                path.unlink(missing_ok=True)
            self.error = error

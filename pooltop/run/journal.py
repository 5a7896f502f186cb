"""A run's memory: one SQLite file with its spec, results, failures, log and last snapshot.

The supervisor hands rows over and goes on; a thread of the journal's own commits them, 0.3 s later at the latest. WAL
with synchronous=NORMAL: what is committed survives the death of every process; after a power loss the last commits may
be missing, never half there.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from pooltop.model import Failure, LogLine, RunSpec, Snapshot
from pooltop.wire.packing import pack, utf8

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS failures (
    item_index INTEGER PRIMARY KEY, item TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,
    traceback TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, slot INTEGER, pid INTEGER,
    item TEXT);
"""
_SAVE_ABOUT = "INSERT OR REPLACE INTO about VALUES (:key, :value)"
_ADD_RESULT = "INSERT INTO results VALUES (:first, :count, :body)"
_ADD_FAILURE = "INSERT INTO failures VALUES (:index, :item, :error, :attempts, :traceback)"
_ADD_LINE = "INSERT INTO log VALUES (:number, :time, :kind, :text, :slot, :pid, :item)"

_GATHER_SECONDS = 0.2
"""How long a commit waits for company; with the commit itself it stays under 0.3 s."""
_GATHER_BYTES = 8 << 20
"""A commit of more than this begins at once."""

_ROW_BYTES = 500


class JournalError(Exception):
    """The journal cannot be read or written (the disk is full, it is no journal): one clear line."""


class _Row(NamedTuple):
    """A statement to be executed, and the bytes that it keeps in memory until then."""

    sql: str
    values: dict[str, object]
    content: int
    """Bytes of its long text or blob."""

    @property
    def size(self) -> int:
        """What it keeps in memory: a short line's own objects are larger than its text."""
        return self.content + _ROW_BYTES


class Journal:
    """The writing end, held by the supervisor alone and used from one thread.

    An error of the journal's thread is kept and raised as JournalError by every later call: nothing more is written.
    """

    @classmethod
    def create(cls, path: Path, spec: RunSpec) -> "Journal":
        """A journal (0600) for a run of `spec`; one that is there already is gone on with."""
        try:
            path.touch(mode=0o600)
            connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
            connection.executescript(_SCHEMA)
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute(_SAVE_ABOUT, {"key": "spec", "value": msgspec.json.encode(spec)})
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"cannot write {path}: {error}") from error
        return cls(path, connection)

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._queue: queue.SimpleQueue[_Row | threading.Event] = queue.SimpleQueue()
        self._end = threading.Event()
        self._error: Exception | None = None
        self._given = 0  # bytes; written by the supervisor's thread only,
        self._done = 0  # and this by the journal's only, so that neither needs a lock
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    @property
    def pending_bytes(self) -> int:
        """What was handed over and is not committed yet."""
        return self._given - self._done

    def result(self, first: int, count: int, body: bytes) -> None:
        """The range of items `first` to `first + count - 1`; `body` is the pickled list of the return values of those
        that did not fail. Giving a range twice is an error: every item has one end."""
        self._put(_Row(_ADD_RESULT, {"first": first, "count": count, "body": body}, len(body)))

    def failure(self, failure: Failure) -> None:
        """An item that has ended without a result."""
        self._put(_Row(_ADD_FAILURE, _columns(failure), len(failure.traceback)))

    def log(self, line: LogLine) -> None:
        """A line of user code, or an event of the run."""
        self._put(_Row(_ADD_LINE, _columns(line), len(line.text)))

    def state(self, snapshot: Snapshot) -> None:
        """How the run looks now, in place of the one before."""
        body = pack(snapshot)
        self._put(_Row(_SAVE_ABOUT, {"key": "snapshot", "value": body}, len(body)))

    def flush(self) -> None:
        """Wait until everything handed over is committed."""
        committed = threading.Event()
        self._queue.put(committed)
        committed.wait()
        self._check()

    def close(self) -> None:
        """Commit everything and let go of the file."""
        self._queue.put(self._end)
        self._thread.join()
        self._connection.close()
        self._check()

    def _put(self, row: _Row) -> None:
        self._check()
        self._given += row.size
        self._queue.put(row)

    def _check(self) -> None:
        if self._error is not None:
            raise JournalError(f"cannot write {self._path}: {self._error}") from self._error

    def _write(self) -> None:
        """The journal's thread: one transaction after another."""
        while not self._end.is_set():
            rows, barrier = self._gather()
            if self._error is None:  # else rows are missing, and it must not go on as if it were whole
                self._commit(rows)
            self._done += sum(row.size for row in rows)
            if barrier is not None:
                barrier.set()

    def _gather(self) -> tuple[list[_Row], threading.Event | None]:
        """The rows of the next transaction, and who waits for it: it ends at a waiter, by its size, or by its age."""
        rows: list[_Row] = []
        size = 0
        entry = self._queue.get()
        deadline = time.monotonic() + _GATHER_SECONDS
        while isinstance(entry, _Row):
            rows.append(entry)
            size += entry.size
            left = deadline - time.monotonic()
            if left <= 0 or size > _GATHER_BYTES:
                return rows, None
            try:
                entry = self._queue.get(timeout=left)
            except queue.Empty:
                return rows, None
        return rows, entry

    def _commit(self, rows: list[_Row]) -> None:
        try:
            with self._connection:
                for row in rows:
                    self._connection.execute(row.sql, row.values)
        except Exception as error:  # whatever it is, the supervisor must hear of it, and no flush may hang
            self._error = error


class JournalReader:
    """The reading end, for any process, while the run goes on or after it; JournalError where there is no journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
            self._connection.row_factory = sqlite3.Row
        except sqlite3.Error as error:
            raise JournalError(f"cannot read {path}: {error}") from error

    def __enter__(self) -> "JournalReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def spec(self) -> RunSpec:
        """What the run was asked to do."""
        body = self._about("spec")
        if body is None:
            raise JournalError(f"cannot read {self._path}: it holds no run")
        return msgspec.json.decode(body, type=RunSpec)

    def snapshot(self) -> Snapshot | None:
        """How the run looked last; None before its first snapshot."""
        body = self._about("snapshot")
        return None if body is None else msgspec.msgpack.decode(body, type=Snapshot)

    def failures(self) -> Iterator[Failure]:
        """In input order."""
        sql = 'SELECT item_index AS "index", item, error, attempts, traceback FROM failures ORDER BY item_index'
        return (Failure(**row) for row in self._rows(sql))

    def log(self, after: int = 0) -> Iterator[LogLine]:
        """The lines numbered above `after`, in order."""
        sql = "SELECT number, time, kind, text, slot, pid, item FROM log WHERE number > ? ORDER BY number"
        return (LogLine(**row) for row in self._rows(sql, after))

    def results(self) -> Iterator[tuple[int, int, bytes]]:
        """(first item, number of items, pickled list of what those that did not fail returned), in input order."""
        return (tuple(row) for row in self._rows("SELECT first, count, body FROM results ORDER BY first"))

    def _about(self, key: str) -> bytes | None:
        return next((row["value"] for row in self._rows("SELECT value FROM about WHERE key = ?", key)), None)

    def _rows(self, sql: str, *values: object) -> Iterator[sqlite3.Row]:
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise JournalError(f"cannot read {self._path}: {error}") from error


def _columns(record: Failure | LogLine) -> dict[str, object]:
    """The fields of a record by name, its texts in a form that SQLite takes."""
    fields = msgspec.structs.asdict(record)
    return {name: utf8(value) if isinstance(value, str) else value for name, value in fields.items()}

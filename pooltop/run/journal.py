"""A run's memory: one SQLite file with its spec, inputs, results, failures, log and last snapshot, in sessions.

The supervisor hands rows over and goes on; a thread of the journal's own commits them, 0.5 s later at the latest. What
is committed survives the death of every process, at any moment, whole: an item's result, what it added to counters and
the failures beside it are one transaction. WAL with synchronous=NORMAL: after a power loss the last commits may be
missing, never half there. A result of a megabyte or more is a file in `results/` beside it, written and synced to disk
(0.7 ms a megabyte, measured) before its row is, so that the same holds for it.
"""

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pooltop.model import Failure, LogLine, Number, RunSpec, Snapshot
from pooltop.run import tables
from pooltop.run.committer import Committer, Content, Entry, Spill, Statement, remove_strays
from pooltop.wire.messages import Kept
from pooltop.wire.packing import pack, utf8

SPILL_BYTES = 1 << 20
"""A body of this size or more is a file."""
_SPILLED = "results"
_LOCKED_SECONDS = 8.0
"""How long to wait for another program that holds the file."""
_MOST_FAILURES_BYTES = 1 << 18
"""In the snapshot, which is written twice a second."""


class JournalError(Exception):
    """The journal cannot be read or written (the disk is full, it is no journal): one clear line."""


class Journal:
    """The writing end, held by the supervisor alone and used from one thread.

    An error of the journal's thread is kept and raised as JournalError by every later call: nothing more is written.
    """

    @classmethod
    def create(cls, path: Path, spec: RunSpec) -> "Journal":
        """A journal (0600) for a run of `spec`; one that is there already is gone on with."""
        try:
            path.touch(mode=0o600)
            with _connected(path, read_only=False) as connection:
                tables.prepare(connection)
                connection.execute(tables.SAVE_ABOUT, {"key": "spec", "value": msgspec.json.encode(spec)})
                connection.commit()
                remove_strays(connection, path.parent / _SPILLED)
                found = connection.execute("SELECT value FROM about WHERE key = 'session'").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"cannot write {path}: {_reason(error)}") from error
        return cls(path, connection, found[0] if found else 0)

    def __init__(self, path: Path, connection: sqlite3.Connection, session: int) -> None:
        self._path = path
        self._session = session
        self._committer = Committer(connection)

    @property
    def session(self) -> int:
        """The present one; 0 before the first has begun."""
        return self._session

    @property
    def pending_bytes(self) -> int:
        """What was handed over and is not committed yet."""
        return self._committer.pending_bytes

    def begin_session(self) -> int:
        """Open the next session, and return its number; what is handed over from now on belongs to it."""
        self._session += 1
        self._put(Statement(tables.SAVE_ABOUT, {"key": "session", "value": self._session}))
        return self._session

    def source_ended(self) -> None:
        """All items of the present session have come."""
        self._put(Statement(tables.SAVE_ABOUT, {"key": "read_whole", "value": self._session}))

    def inputs(self, first: int, count: int, keys: bytes) -> None:
        """Items have come; `keys` are theirs (`work/keys.py`), end to end."""
        self._put(self._inputs(first, count, keys), content=len(keys))

    def kept(self, kept: Kept) -> None:
        """Items have come that had ended in an earlier session."""
        ended = {"ended_session": kept.session, "ended_first": kept.session_first}
        row = self._of_session(tables.ADD_KEPT, first=kept.first, count=kept.count, **ended)
        self._put(self._inputs(kept.first, kept.count, kept.keys), row, content=len(kept.keys))

    def result(
        self,
        first: int,
        count: int,
        body: Content,
        counters: Mapping[str, Number] | None = None,
        failures: Sequence[Failure] = (),
    ) -> None:
        """The range of items `first` to `first + count - 1`, and what they have added to counters; `body` is the
        pickled list of the return values of those that did not fail, `failures` are the others.

        Giving a range twice is an error: every item has one end.
        """
        file = f"{self._session}-{first}.pickle" if len(body) >= SPILL_BYTES else None
        place = {"first": first, "count": count, "file": file, "body": None if file else body}
        row = self._of_session(tables.ADD_RESULT, **place, counters=json.dumps(counters) if counters else None)
        self._put(
            row,
            *map(self._failure, failures),
            content=len(body) + sum(map(_text_bytes, failures)),
            spill=Spill(self._path.parent / _SPILLED / file, body) if file else None,
        )

    def failure(self, failure: Failure) -> None:
        """An item that has ended without a result, outside every range."""
        self._put(self._failure(failure), content=_text_bytes(failure))

    def log(self, line: LogLine) -> None:
        """A line of user code, or an event of the run."""
        self._put(Statement(tables.ADD_LINE, _columns(line)), content=len(line.text))

    def state(self, snapshot: Snapshot) -> None:
        """How the run looks now, in place of the one before; without failures, which have a table of their own, where
        these are monsters."""
        if sum(map(_text_bytes, snapshot.failures)) > _MOST_FAILURES_BYTES:
            snapshot = msgspec.structs.replace(snapshot, failures=())
        body = pack(snapshot)
        # Not counted: nobody who hands over results is to wait for what comes twice a second in any case.
        self._put(Statement(tables.SAVE_ABOUT, {"key": "snapshot", "value": body}))

    def flush(self) -> None:
        """Wait until everything handed over is committed."""
        self._committer.flush()
        self._check()

    def close(self) -> None:
        """Commit everything and let go of the file."""
        self._committer.close()
        self._check()

    def _inputs(self, first: int, count: int, keys: bytes) -> Statement:
        return self._of_session(tables.ADD_INPUTS, first=first, count=count, keys=keys)

    def _failure(self, failure: Failure) -> Statement:
        columns = _columns(failure) | {"last_lines": json.dumps(failure.last_lines)}
        return self._of_session(tables.ADD_FAILURE, **columns)

    def _of_session(self, sql: str, **values: object) -> Statement:
        return Statement(sql, values | {"session": self._session})

    def _put(self, *statements: Statement, content: int = 0, spill: Spill | None = None) -> None:
        self._committer.put(Entry(statements, content, spill))  # after an error, too: for the last attempt
        self._check()

    def _check(self) -> None:
        error = self._committer.error
        if error is not None:
            raise JournalError(f"cannot write {self._path}: {_reason(error)}") from error


class Stored(NamedTuple):
    """Return values: that of item `indexes[i]` is `pickle.loads(body)[picks[i]]`."""

    indexes: Sequence[int]
    body: bytes
    picks: Sequence[int]


class JournalReader:
    """The reading end, for any process, while the run goes on or after it; JournalError where there is no journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with _connected(path, read_only=True) as self._connection:
                tables.has_format(self._connection)
        except sqlite3.Error as error:
            raise JournalError(f"cannot read {path}: {_reason(error)}") from error
        self._connection.row_factory = sqlite3.Row

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

    def session(self) -> int:
        """The newest; 0 before the first has begun."""
        number = self._about("session")
        return 0 if number is None else number

    def results(self) -> Iterator[Stored]:
        """What the items of the newest session returned, in input order; kept ones are among them."""
        for session, since in self._spoken_for():
            yield from self._results_of(session, since)

    def _spoken_for(self) -> Iterator[tuple[int, int]]:
        """Sessions, and from which place on each speaks for the items.

        The newest does for all of them, once its source has been read to the end. One that was resumed and ended
        before that says nothing of the rest; there the one before it still does.
        """
        session, since = self.session(), 0
        read_whole = self._about("read_whole") or 0
        while True:
            yield session, since
            if session <= max(read_whole, 1):
                return
            (come,) = next(self.rows(tables.COME, session=session))
            session, since = session - 1, max(since, come)

    def _results_of(self, session: int, since: int) -> Iterator[Stored]:
        loaded, body = -1, b""
        for place, row, lo, hi in self.rows(tables.PIECES, session=session):
            shift, lo = place - lo, max(lo, since - place + lo)  # what lies before is not its business
            if lo >= hi:
                continue
            ended_in, first, count = next(self.rows(tables.RANGE, row=row))
            failed = {index for (index,) in self.rows(tables.FAILED, session=ended_in, lo=first, hi=first + count)}
            if row != loaded:
                loaded, body = row, self._body(row)
            ended_well = [index for index in range(first, first + count) if index not in failed]
            picks = range(bisect_left(ended_well, lo), bisect_left(ended_well, hi))
            yield Stored([ended_well[pick] + shift for pick in picks], body, picks)

    def failures(self) -> Iterator[Failure]:
        """Of the newest session, in input order; kept ones are among them, with the index that their items have now."""
        for session, since in self._spoken_for():
            found = map(_failure, self.rows(tables.FAILURES, session=session))
            yield from (failure for failure in found if failure.index >= since)

    def kept_failures(self, kept: Kept) -> Iterator[Failure]:
        """Those among the kept items, likewise."""
        lo, shift = kept.session_first, kept.first - kept.session_first
        rows = self.rows(tables.KEPT_FAILURES, session=kept.session, lo=lo, hi=lo + kept.count, shift=shift)
        return map(_failure, rows)

    def counters(self) -> dict[str, Number]:
        """What the items of all sessions have added, each by its own end."""
        totals: dict[str, Number] = {}
        for (counters,) in self.rows("SELECT counters FROM results WHERE counters IS NOT NULL"):
            for name, amount in json.loads(counters).items():
                totals[name] = totals.get(name, 0) + amount
        return totals

    def log(self, after: int = 0) -> Iterator[LogLine]:
        """The lines numbered above `after`, in order."""
        sql = "SELECT number, time, kind, text, slot, pid, item FROM log WHERE number > :after ORDER BY number"
        return (LogLine(**row) for row in self.rows(sql, after=after))

    def last_line(self) -> int:
        """The highest number of a line; 0 where there is none."""
        (number,) = next(self.rows("SELECT ifnull(max(number), 0) FROM log"))
        return int(number)

    def rows(self, sql: str, **values: object) -> Iterator[Any]:
        """What a query finds; the tables are described in `tables.py`."""
        try:
            # With "yield from", a reader that stops early would close the cursor, perhaps after its connection.
            for row in self._connection.execute(sql, values):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            raise JournalError(f"cannot read {self._path}: {_reason(error)}") from error

    def _about(self, key: str) -> Any:
        return next((value for (value,) in self.rows("SELECT value FROM about WHERE key = :key", key=key)), None)

    def _body(self, row: int) -> bytes:
        file, body = next(self.rows("SELECT file, body FROM results WHERE rowid = :row", row=row))
        try:
            return bytes(body) if file is None else (self._path.parent / _SPILLED / file).read_bytes()
        except OSError as error:
            raise JournalError(f"cannot read {error.filename}: {error.strerror}") from error


@contextmanager
def _connected(path: Path, *, read_only: bool) -> Iterator[sqlite3.Connection]:
    """A connection that stays open unless the block raises; it may be passed on to another thread."""
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    connection = sqlite3.connect(uri, uri=True, timeout=_LOCKED_SECONDS, check_same_thread=False)
    with ExitStack() as stack:
        stack.callback(connection.close)
        yield connection
        stack.pop_all()


def _reason(error: Exception) -> str:
    locked = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
    return "another program has locked it" if locked else str(error)


def _columns(record: Failure | LogLine) -> dict[str, object]:
    """The fields of a record by name, its texts in a form that SQLite takes."""
    fields = msgspec.structs.asdict(record)
    return {name: utf8(value) if isinstance(value, str) else value for name, value in fields.items()}


def _failure(row: sqlite3.Row) -> Failure:
    columns = dict(row)
    return Failure(**columns | {"last_lines": tuple(json.loads(columns["last_lines"]))})


def _text_bytes(failure: Failure) -> int:
    return len(failure.traceback) + sum(map(len, failure.last_lines))

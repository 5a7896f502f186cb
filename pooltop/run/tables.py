"""The journal's tables, and what is asked of them.

An item's index is its place in the input of its session; a session is one supervisor's part of a run, from 1.
`inputs` has the keys of all items that have come, `results` and `failures` what ended in a session, `kept` which items
of a session stand for ones that had ended in an earlier one.
"""

import sqlite3

FORMAT = 2
"""Of the file, in its `user_version`."""

SCHEMA = f"""
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE about (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE inputs (
    session INTEGER, first INTEGER, count INTEGER NOT NULL, keys BLOB NOT NULL, PRIMARY KEY (session, first));
CREATE TABLE results (
    session INTEGER, first INTEGER, count INTEGER NOT NULL, counters TEXT, file TEXT, body BLOB,
    PRIMARY KEY (session, first));
CREATE TABLE failures (
    session INTEGER, item_index INTEGER, item TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,
    traceback TEXT NOT NULL, seconds REAL, memory INTEGER, last_lines TEXT NOT NULL,
    PRIMARY KEY (session, item_index));
CREATE TABLE kept (
    session INTEGER, first INTEGER, count INTEGER NOT NULL, ended_session INTEGER NOT NULL,
    ended_first INTEGER NOT NULL, PRIMARY KEY (session, first));
CREATE TABLE log (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, slot INTEGER, pid INTEGER,
    item TEXT);
PRAGMA user_version = {FORMAT};
COMMIT;
"""

SAVE_ABOUT = "INSERT OR REPLACE INTO about VALUES (:key, :value)"
ADD_INPUTS = "INSERT INTO inputs VALUES (:session, :first, :count, :keys)"
ADD_RESULT = "INSERT INTO results VALUES (:session, :first, :count, :counters, :file, :body)"
ADD_FAILURE = """
INSERT INTO failures VALUES (
    :session, :index, :item, :error, :attempts, :traceback, :seconds, :memory, :last_lines)
"""
ADD_KEPT = "INSERT INTO kept VALUES (:session, :first, :count, :ended_session, :ended_first)"
ADD_LINE = "INSERT INTO log VALUES (:number, :time, :kind, :text, :slot, :pid, :item)"

PIECES = """
SELECT first AS place, rowid AS result, first AS lo, first + count AS hi FROM results WHERE session = :session
UNION ALL
SELECT kept.first - kept.ended_first + max(results.first, kept.ended_first), results.rowid,
    max(results.first, kept.ended_first),
    min(results.first + results.count, kept.ended_first + kept.count)
FROM kept JOIN results ON results.session = kept.ended_session
    AND results.first < kept.ended_first + kept.count AND results.first >= ifnull(
        (SELECT max(first) FROM results WHERE session = kept.ended_session AND first <= kept.ended_first), 0)
WHERE kept.session = :session AND results.first + results.count > kept.ended_first
ORDER BY place
"""
"""Where the results of a session's items are: items lo..hi of that row's session stand at `place` and behind it."""

_OF_FAILURE = "item, error, attempts, traceback, seconds, memory, last_lines"
FAILURES = f"""
SELECT item_index AS "index", {_OF_FAILURE} FROM failures WHERE session = :session
UNION ALL
SELECT kept.first + item_index - ended_first, {_OF_FAILURE} FROM kept JOIN failures
    ON failures.session = ended_session AND item_index >= ended_first AND item_index < ended_first + count
WHERE kept.session = :session
ORDER BY "index"
"""
KEPT_FAILURES = f"""
SELECT item_index + :shift AS "index", {_OF_FAILURE} FROM failures
WHERE session = :session AND item_index >= :lo AND item_index < :hi ORDER BY item_index
"""
RANGE = "SELECT session, first, count FROM results WHERE rowid = :row"
FAILED = "SELECT item_index FROM failures WHERE session = :session AND item_index >= :lo AND item_index < :hi"

INPUTS = "SELECT first, keys FROM inputs WHERE session = :session AND first > :after ORDER BY first LIMIT :most"
RANGES = "SELECT first, count FROM results WHERE session = :session AND first > :after ORDER BY first LIMIT :most"
FAILED_FROM = """
SELECT item_index FROM failures WHERE session = :session AND item_index > :after ORDER BY item_index LIMIT :most
"""
COME = "SELECT ifnull(max(first + count), 0) FROM inputs WHERE session = :session"
MOST_COME = "SELECT ifnull(max(first + count), 0) FROM inputs WHERE session < :session"


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, unless they are there. Raises sqlite3.Error."""
    if not has_format(connection):
        connection.executescript(SCHEMA)
    connection.execute("PRAGMA synchronous = NORMAL")


def has_format(connection: sqlite3.Connection) -> bool:
    """Whether the tables are there; sqlite3.Error where there are others."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != FORMAT and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise sqlite3.DatabaseError(f"another version of pooltop wrote it (format {found}; this one knows {FORMAT})")
    return bool(found == FORMAT)

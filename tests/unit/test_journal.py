"""The journal: what is handed over can be read by others soon, in order, and a failure to write is heard of."""

import errno
import mmap
import os
import pickle
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Failure, LogLine, RunSpec, Snapshot
from pooltop.run import committer, tables
from pooltop.run import journal as journal_module
from pooltop.run.journal import SPILL_BYTES, Journal, JournalError, JournalReader, Stored
from pooltop.wire.messages import Kept

SPEC = RunSpec(workload="blur", options=("--radius", "3"), workers=2, directory="/d", environment=("HOME",))
ANYTHING = st.lists(st.sampled_from("\x1b\udc80\ud800") | st.characters()).map("".join)
"""Lone surrogates too: bytes of a file name that are no UTF-8."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def values(path: Path) -> dict[int, object]:
    """The result of each item that the newest session has one of."""
    with JournalReader(path) as reader:
        return {
            index: pickle.loads(stored.body)[pick]
            for stored in reader.results()
            for index, pick in zip(stored.indexes, stored.picks, strict=True)
        }


def failed(index: int) -> Failure:
    return Failure(
        index=index,
        item=f"item {index}",
        error="SIGSEGV",
        attempts=3,
        traceback="...",
        seconds=1.5,
        memory=10**10,
        last_lines=("last\ud800", "words"),
    )


def test_all_of_it_comes_back_in_order(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    assert (journal.session, journal.begin_session(), journal.session) == (0, 1, 1)
    lines = [LogLine(number=number, time=1.5, kind="out", text=f"line {number}", slot=1) for number in (1, 2, 3)]
    journal.result(5, 3, later := pickle.dumps([5, 6]), {"n": 2}, [failed(7)])
    journal.result(0, 5, early := pickle.dumps([0, 2, 3, 4]), {"n": 0.5, "m": 10**30}, [failed(1)])
    journal.failure(failed(8))
    for line in lines:
        journal.log(line)
    journal.close()

    with JournalReader(path) as reader:
        assert (reader.spec(), reader.session(), reader.last_line()) == (SPEC, 1, 3)
        assert list(reader.results()) == [Stored([0, 2, 3, 4], early, range(4)), Stored([5, 6], later, range(2))]
        assert list(reader.failures()) == [failed(1), failed(7), failed(8)]
        assert reader.counters() == {"n": 2.5, "m": 10**30}
        assert list(reader.log()) == lines and list(reader.log(after=2)) == lines[2:]


def test_what_is_kept_stands_where_it_is_now(path: Path) -> None:
    """The first session's items 0..9 stand, in the second one, at 20..25 (2 to 7) and 3 (item 9)."""
    journal = Journal.create(path, SPEC)
    journal.begin_session()
    journal.result(0, 4, pickle.dumps([0, 1, 3]), {"n": 4}, [failed(2)])
    journal.result(4, 2, pickle.dumps([4, 5]))
    journal.result(6, 4, pickle.dumps([6, 7, 8, 9]))
    journal.failure(failed(11))
    assert journal.begin_session() == 2
    journal.result(0, 2, pickle.dumps(["new", "newer"]), {"n": 2})
    kept = Kept(6, 20, bytes(96), 1, 2, failed=1)
    journal.kept(kept)
    journal.kept(Kept(1, 3, bytes(16), 1, 9))
    journal.close()
    assert values(path) == {0: "new", 1: "newer", 3: 9, 21: 3, 22: 4, 23: 5, 24: 6, 25: 7}
    assert list(values(path)) == sorted(values(path))
    with JournalReader(path) as reader:
        assert [failure.index for failure in reader.failures()] == [20]
        assert list(reader.kept_failures(kept)) == list(reader.failures())
        assert reader.counters() == {"n": 6}


def test_a_resumption_hides_nothing_before_it_has_read_the_source_to_the_end(path: Path) -> None:
    keys = bytes(16)
    journal = Journal.create(path, SPEC)
    journal.begin_session()
    journal.inputs(0, 10, 10 * keys)
    journal.result(0, 10, pickle.dumps(list("abcdefghi")), failures=[failed(9)])
    for kept in (4, 2):
        journal.begin_session()
        journal.kept(Kept(count=kept, first=0, keys=kept * keys, session=1, session_first=0))
    journal.flush()
    with JournalReader(path) as reader:
        assert [failure.index for failure in reader.failures()] == [9]
    assert values(path) == dict(enumerate("abcdefghi"))
    journal.source_ended()
    journal.close()
    assert values(path) == dict(enumerate("ab")), "the others are no longer in the source"


def test_only_the_last_snapshot_is_kept(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    assert JournalReader(path).snapshot() is None
    for elapsed in (1.0, 2.0):
        last = Snapshot(run="r", workload="blur", state="running", time=0, elapsed=elapsed, counters={"n": 10**30})
        journal.state(last)
    journal.close()
    stored = JournalReader(path).snapshot()
    assert stored is not None and stored.elapsed == 2.0 and stored.counters == {"n": pytest.approx(10**30)}


def test_it_is_private(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"x")
    journal.result(1, 1, bytes(SPILL_BYTES))
    journal.flush()
    files = {file for file in path.parent.rglob("*") if file.is_file()}
    assert len(files) == 4 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((path.parent / "results").stat().st_mode) == 0o700
    journal.close()


def test_a_large_body_is_a_file_from_its_commit_on(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.begin_session()
    body = pickle.dumps([bytes(SPILL_BYTES)])
    mapped = mmap.mmap(-1, len(body))
    mapped[:] = body
    journal.result(0, 1, mapped)
    journal.flush()
    assert path.stat().st_size + path.with_name("journal.db-wal").stat().st_size < SPILL_BYTES
    assert values(path) == {0: bytes(SPILL_BYTES)}
    journal.result(0, 1, mapped)
    with pytest.raises(JournalError):
        journal.close()
    assert values(path) == {0: bytes(SPILL_BYTES)}, "the first one is still there"


def test_a_file_without_a_row_is_removed(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"x")
    journal.result(1, 1, bytes(SPILL_BYTES))
    journal.flush()
    folder = path.parent / "results"
    (kept,) = folder.iterdir()
    (folder / "1-99.pickle").touch()  # its writer was killed before the commit
    journal.result(0, 1, b"again")
    journal.result(2, 1, bytes(SPILL_BYTES))
    with pytest.raises(JournalError, match="UNIQUE"):
        journal.close()
    assert {file.name for file in folder.iterdir()} == {kept.name, "1-99.pickle"}
    Journal.create(path, SPEC).close()
    assert list(folder.iterdir()) == [kept]


def test_a_large_body_that_is_gone_is_one_line(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, bytes(SPILL_BYTES))
    journal.close()
    (file,) = (path.parent / "results").iterdir()
    file.unlink()
    with JournalReader(path) as reader, pytest.raises(JournalError, match=f"^cannot read {file}: No such file"):
        list(reader.results())


def test_a_commit_comes_by_itself(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"x" * 1000)
    assert journal.pending_bytes >= 1000
    deadline = time.monotonic() + 10
    while journal.pending_bytes:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with JournalReader(path) as reader:
        assert [stored.body for stored in reader.results()] == [b"x" * 1000]
    journal.close()


def test_a_large_body_does_not_wait_for_company(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "_GATHER_SECONDS", 3600.0)
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, bytes(committer._GATHER_BYTES + 1))
    deadline = time.monotonic() + 30
    while journal.pending_bytes:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    journal.close()


def test_a_range_given_twice_is_an_error_that_stays(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"first")
    journal.flush()
    journal.result(0, 1, b"second")
    with pytest.raises(JournalError, match="UNIQUE"):
        journal.flush()
    with pytest.raises(JournalError):
        journal.result(1, 1, b"x")
    with pytest.raises(JournalError):
        journal.flush()
    assert journal.pending_bytes == 0  # nobody waits for ever for what will never be written
    with pytest.raises(JournalError):
        journal.close()
    with JournalReader(path) as reader:
        assert [stored.body for stored in reader.results()] == [b"first"]


def test_a_full_disk_is_one_line_and_what_was_there_stays(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"kept")
    journal.flush()
    journal._committer._connection.execute("PRAGMA max_page_count = 20")  # SQLite's own way to a full disk
    journal.result(1, 1, bytes(SPILL_BYTES - 1))
    with pytest.raises(JournalError, match=f"cannot write {path}: database or disk is full"):
        journal.flush()
    with pytest.raises(JournalError):
        journal.close()
    with JournalReader(path) as reader:
        assert [stored.body for stored in reader.results()] == [b"kept"]


def test_a_file_that_does_not_fit_leaves_no_half(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = Journal.create(path, SPEC)
    monkeypatch.setattr(os, "fsync", full)
    journal.result(0, 1, bytes(SPILL_BYTES))
    with pytest.raises(JournalError, match=f"^cannot write {path}: .*No space left on device"):
        journal.close()
    assert not list((path.parent / "results").iterdir())


def test_a_lock_of_another_program_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_LOCKED_SECONDS", 0.05)
    journal = Journal.create(path, SPEC)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.result(0, 1, b"x")
        with pytest.raises(JournalError, match=f"^cannot write {path}: another program has locked it$"):
            journal.flush()
        with pytest.raises(JournalError, match="another program has locked it"):
            Journal.create(path, SPEC)
    with pytest.raises(JournalError):
        journal.close()


def test_what_a_lock_has_kept_from_being_written_is_written_at_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_LOCKED_SECONDS", 0.05)
    journal = Journal.create(path, SPEC)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.result(0, 1, pickle.dumps(["a"]))
        with pytest.raises(JournalError):
            journal.flush()
        with pytest.raises(JournalError):
            journal.result(1, 1, pickle.dumps(["b"]))
    with pytest.raises(JournalError):
        journal.close()
    assert values(path) == {0: "a", 1: "b"}


@pytest.mark.parametrize("found", [0, tables.FORMAT + 1])
def test_a_journal_of_another_format_is_one_line(path: Path, found: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE results (first, count, body); PRAGMA user_version = {found}")
    for use in (JournalReader, lambda path: Journal.create(path, SPEC)):
        with pytest.raises(JournalError, match=f"{path}: another version of pooltop wrote it .format {found}; this"):
            use(path)


def test_what_is_committed_survives_the_death_of_its_process(path: Path) -> None:
    script = f"""
import os, pathlib
from pooltop.run.journal import Journal
from pooltop.model import RunSpec
journal = Journal.create(pathlib.Path({str(path)!r}), RunSpec(workload="w", workers=1, directory="/"))
for first in range(100):
    journal.result(first, 1, b"%d" % first)
journal.flush()
journal.result(1000, 1, b"not committed")
os.kill(os.getpid(), {signal.SIGKILL:d})
"""
    died = subprocess.run([sys.executable, "-c", script], timeout=60)
    assert died.returncode == -signal.SIGKILL
    with JournalReader(path) as reader:
        kept = [stored.body for stored in reader.results()]
    assert kept[:100] == [b"%d" % first for first in range(100)] and len(kept) in (100, 101)
    again = Journal.create(path, SPEC)  # it opens clean, and can be gone on with
    again.result(2000, 1, b"x")
    again.close()


def test_a_reader_sees_what_is_written_meanwhile(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    reader = JournalReader(path)
    for number in range(1, 4):
        journal.log(LogLine(number=number, time=0, kind="event", text="x"))
        journal.flush()
        assert [line.number for line in reader.log(after=number - 1)] == [number]
    journal.close()


@given(text=ANYTHING)
def test_any_text_can_be_kept(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    journal = Journal.create(path, SPEC)
    journal.failure(Failure(index=0, item=text, error=text, traceback=text))
    journal.log(LogLine(number=1, time=0, kind="out", text=text, item=text))
    journal.close()
    reader = JournalReader(path)
    assert [failure.item for failure in reader.failures()] == [line.text for line in reader.log()]
    reader.close()


def test_no_journal_there(path: Path) -> None:
    with pytest.raises(JournalError, match="cannot read"):
        JournalReader(path).spec()
    path.write_text("this is no database, and longer than its header would be" * 10)
    with pytest.raises(JournalError, match="cannot read"):
        JournalReader(path).spec()
    with pytest.raises(JournalError, match="cannot write"):
        Journal.create(path, SPEC)


def test_a_folder_that_is_not_there_is_one_line(path: Path) -> None:
    with pytest.raises(JournalError, match="cannot write"):
        Journal.create(path.parent / "missing" / "journal.db", SPEC)


def test_no_descriptor_is_left_open(path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        Journal.create(path, SPEC).close()
        JournalReader(path).close()
    assert len(list(Path("/dev/fd").iterdir())) == before

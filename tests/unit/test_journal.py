"""The journal: what is handed over can be read by others soon, in order, and a failure to write is heard of."""

import pickle
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Failure, LogLine, RunSpec, Snapshot
from pooltop.run import journal as journal_module
from pooltop.run.journal import Journal, JournalError, JournalReader

SPEC = RunSpec(workload="blur", options=("--radius", "3"), workers=2, directory="/d", environment=("HOME",))
ANYTHING = st.lists(st.sampled_from("\x1b\udc80\ud800") | st.characters()).map("".join)
"""Lone surrogates too: bytes of a file name that are no UTF-8."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_all_of_it_comes_back_in_order(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    failures = [Failure(index=index, item=f"item {index}", error="ValueError: x", traceback="...") for index in (1, 7)]
    lines = [LogLine(number=number, time=1.5, kind="out", text=f"line {number}", slot=1) for number in (1, 2, 3)]
    journal.result(5, 3, b"later")
    journal.failure(failures[1])
    journal.result(0, 5, pickle.dumps([0, 2, 3, 4]))
    journal.failure(failures[0])
    for line in lines:
        journal.log(line)
    journal.close()

    reader = JournalReader(path)
    assert reader.spec() == SPEC
    assert list(reader.results()) == [(0, 5, pickle.dumps([0, 2, 3, 4])), (5, 3, b"later")]
    assert list(reader.failures()) == failures
    assert list(reader.log()) == lines and list(reader.log(after=2)) == lines[2:]
    reader.close()


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
    journal.flush()
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    journal.close()


def test_a_commit_comes_by_itself(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"x" * 1000)
    assert journal.pending_bytes >= 1000
    deadline = time.monotonic() + 10
    while journal.pending_bytes:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [body for *_, body in JournalReader(path).results()] == [b"x" * 1000]
    journal.close()


def test_a_large_body_does_not_wait_for_company(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_GATHER_SECONDS", 3600.0)
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, bytes(journal_module._GATHER_BYTES + 1))
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
    journal._queue.put(journal_module._Row(journal_module._ADD_RESULT, {"first": 2, "count": 1, "body": b"late"}, 4))
    assert journal.pending_bytes == 0  # nobody waits for ever for what will never be written
    with pytest.raises(JournalError):
        journal.close()
    assert [body for *_, body in JournalReader(path).results()] == [b"first"]


def test_a_full_disk_is_one_line_and_what_was_there_stays(path: Path) -> None:
    journal = Journal.create(path, SPEC)
    journal.result(0, 1, b"kept")
    journal.flush()
    journal._connection.execute("PRAGMA max_page_count = 20")  # SQLite's own way to a full disk
    journal.result(1, 1, bytes(1 << 20))
    with pytest.raises(JournalError, match=f"cannot write {path}: database or disk is full"):
        journal.flush()
    with pytest.raises(JournalError):
        journal.close()
    assert [body for *_, body in JournalReader(path).results()] == [b"kept"]


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
    kept = [first for first, *_ in JournalReader(path).results()]
    assert kept[:100] == list(range(100)) and len(kept) in (100, 101)
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

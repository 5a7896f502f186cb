"""The job log: GNU parallel's columns, then ours; whole lines, whatever is in them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.run.joblog import COLUMNS, JobLog
from pooltop.run.journal import JournalError


def ended(log: JobLog, index: int = 0, label: str = "a.jpg", error: str = "") -> None:
    log.ended(
        index,
        label,
        began=1700000000.12345,
        seconds=1.5,
        sent=20,
        received=300,
        worker=2,
        pid=77,
        attempts=1,
        error=error,
    )


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_the_line_is_gnu_parallels_and_then_ours(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = JobLog(path, "./t.py:blur")
    ended(log, index=4)
    log.close()
    header, line = path.read_text().splitlines()
    gnu = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\t"
    assert header == gnu + "Item\tWorker\tPID\tAttempts\tStatus"
    assert line == "5\t:\t1700000000.123\t     1.500\t20\t300\t0\t0\t./t.py:blur a.jpg\ta.jpg\t2\t77\t1\tok"


@pytest.mark.parametrize(
    ("error", "exitval", "signal"),
    [
        ("", "0", "0"),
        ("ValueError: bad header", "1", "0"),
        ("exit code 5", "5", "0"),
        ("SIGSEGV", "0", "11"),
        ("signal 42", "0", "42"),
        ("timed out after 30 s", "-1", "0"),
        ("memory: 2.1 GB, over the limit of 2 GiB", "-1", "0"),
        ("skipped by you", "-1", "0"),
        ("TimeoutError: timed out after 3 s", "1", "0"),
    ],
)
def test_how_an_item_ended_is_an_exit_status(tmp_path: Path, error: str, exitval: str, signal: str) -> None:
    log = JobLog(tmp_path / "log", "blur")
    ended(log, error=error)
    log.close()
    line = rows(tmp_path / "log")[1]
    assert (line[6], line[7], line[13]) == (exitval, signal, error or "ok")


@given(label=st.text(), error=st.text())
def test_nothing_in_an_item_breaks_its_line(tmp_path_factory: pytest.TempPathFactory, label: str, error: str) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    log = JobLog(path, "a\tb\n")
    ended(log, label=label, error=error)
    log.close()
    assert [len(fields) for fields in rows(path)] == [len(COLUMNS)] * 2


def test_lines_are_there_after_a_flush_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for index in range(2):
        log = JobLog(path, "blur")
        ended(log, index=index)
        before = len(rows(path))
        log.flush()
        assert len(rows(path)) == before + 1
        log.close()
    assert [line[0] for line in rows(path)] == ["Seq", "1", "2"]
    log = JobLog(path, "blur")
    log.begin_anew()
    log.close()
    assert [line[0] for line in rows(path)] == ["Seq"]


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(JournalError, match="cannot write /nowhere/log: No such file"):
        JobLog(Path("/nowhere/log"), "blur")
    with pytest.raises(JournalError, match="cannot write /dev/full: No space left"):
        JobLog(Path("/dev/full"), "blur")

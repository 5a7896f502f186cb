"""A line for each ended item (`--joblog`): GNU parallel's nine columns for the sake of scripts, then ours.

The line is written whole. What GNU parallel calls the command is the workload and the item's label; bytes sent and
received are the item's share of what travelled.
"""

import os
import re
import signal
import stat
from pathlib import Path
from typing import NamedTuple

from pooltop.printable import printable
from pooltop.run.journal import JournalError

COLUMNS = (
    *("Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"),
    *("Item", "Worker", "PID", "Attempts", "Status"),
)
_HERE = ":"
"""GNU parallel's name for the machine it runs on."""
_ENDED_BY_POOLTOP = -1
"""What GNU parallel says of a job that it has ended itself."""
_RAISED = 1


class _Exit(NamedTuple):
    """How an item's command would have ended, were it one."""

    code: int
    signal: int


class JobLog:
    """The file, gone on with where it is there already. Every method raises JournalError where it cannot be written."""

    def __init__(self, path: Path, workload: str) -> None:
        self._path = path
        self._workload = workload
        self._lines: list[str] = []
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            empty = os.fstat(self._file).st_size == 0
        except OSError as error:
            raise _cannot_write(path, error) from error
        if empty:
            self._write_header()

    def begin_anew(self) -> None:
        """Forget what the file held; a device or a pipe has nothing to forget."""
        try:
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.ftruncate(self._file, 0)
                self._write_header()
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def _write_header(self) -> None:
        self._lines.append("\t".join(COLUMNS))
        self.flush()

    def ended(
        self,
        index: int,
        label: str,
        began: float,
        seconds: float,
        sent: int,
        received: int,
        worker: int,
        pid: int,
        attempts: int,
        error: str,
    ) -> None:
        """An item has ended; it is in the file after the next `flush`.

        began: seconds since the epoch; seconds: of its last attempt; sent, received: bytes; worker: the slot;
        error: as in a Failure, "" for a result.
        """
        item, exit = printable(label), _exit_of(error)
        fields = (
            *(index + 1, _HERE, f"{began:.3f}", f"{seconds:10.3f}", sent, received, exit.code, exit.signal),
            f"{printable(self._workload)} {item}",
            *(item, worker, pid, attempts, printable(error) or "ok"),
        )
        self._lines.append("\t".join(map(str, fields)))

    def flush(self) -> None:
        """Write what has come since the last time, in one piece."""
        if not self._lines:
            return
        content = "".join(f"{line}\n" for line in self._lines).encode(errors="backslashreplace")
        self._lines.clear()
        try:
            while content:
                content = content[os.write(self._file, content) :]
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def close(self) -> None:
        """Write the rest and let go of the file."""
        try:
            self.flush()
        finally:
            os.close(self._file)


def _exit_of(error: str) -> _Exit:
    """What a Failure's line says of the way it ended."""
    if not error:
        return _Exit(0, 0)
    if error in signal.Signals.__members__:
        return _Exit(0, signal.Signals[error])
    if match := re.fullmatch(r"(signal|exit code) (\d+)", error, re.ASCII):
        number = int(match[2])
        return _Exit(0, number) if match[1] == "signal" else _Exit(number, 0)
    if error.startswith(("timed out after ", "memory: ", "skipped ")):
        return _Exit(_ENDED_BY_POOLTOP, 0)
    return _Exit(_RAISED, 0)


def _cannot_write(path: Path, error: OSError) -> JournalError:
    return JournalError(f"cannot write {path}: {error.strerror}")

"""A run is a directory of the user's own; this finds, makes and locks them.

Under the user's state directory, `runs/<id>` (0700) keeps what outlives the run: its journal, its lock, its outputs.
What lives only as long as its supervisor (the socket first of all) is in a runtime folder with a short path, since a
socket's path may be 107 bytes at most; the symbolic link `runtime` in the run's directory says where.
"""

import contextlib
import difflib
import fcntl
import os
import re
import shutil
import stat
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

LOCK = "lock"
RUNTIME = "runtime"

_SOCKET_PATH_BYTES = 100
"""Under the limit of every system (macOS: 103)."""
_LOCK_SECONDS = 1.0
"""How long a supervisor waits for its lock: a passing `is_alive` holds it for microseconds."""


class RunError(Exception):
    """No such run, or no place to keep one: one clear line."""


@dataclass(frozen=True)
class Run:
    """One run on disk, ended or not."""

    directory: Path

    @property
    def id(self) -> str:
        """Such as `20261122-154501-blur`."""
        return self.directory.name

    @property
    def journal(self) -> Path:
        """The SQLite file with its spec, results, failures and log."""
        return self.directory / "journal.db"

    @property
    def runtime(self) -> Path:
        """The folder (0700) for what ends with the supervisor; OSError for a run that has not had one yet."""
        return (self.directory / RUNTIME).readlink()

    @property
    def socket(self) -> Path:
        """Where its screens connect."""
        return self.runtime / "s"

    @property
    def created(self) -> float:
        """Seconds since the epoch; the lock file is made with the run and never written to."""
        return (self.directory / LOCK).stat().st_mtime_ns / 1e9

    def is_alive(self) -> bool:
        """Whether a supervisor holds this run's lock."""
        try:
            with _locked(self.directory / LOCK, fcntl.LOCK_SH):
                return False
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False  # removed in the meantime

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this run, with its runtime folder, as its one supervisor; the kernel lets go of it at death.

        Raises RunError where another process holds it, or where there is no safe place for the runtime folder.
        """
        with contextlib.ExitStack() as held:
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    held.enter_context(_locked(self.directory / LOCK, fcntl.LOCK_EX))
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise RunError(f"run {self.id} is already running") from None
                    time.sleep(0.005)
            runtime = _runtime_root(self._own_name) / self._own_name
            _private(runtime.parent)
            _private(runtime)
            self._link(runtime)
            try:
                yield
            finally:
                shutil.rmtree(runtime, ignore_errors=True)

    @property
    def _own_name(self) -> str:
        """Its id, and what tells it from a run of the same second that is kept elsewhere."""
        return f"{self.id}-{zlib.crc32(os.fsencode(self.directory.absolute())):08x}"

    def has_begun(self) -> bool:
        """Whether it has ever had a supervisor."""
        return (self.directory / RUNTIME).is_symlink()

    def discard(self) -> None:
        """Remove it with all that it holds: a run that never began."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _link(self, runtime: Path) -> None:
        link = self.directory / RUNTIME
        link.unlink(missing_ok=True)
        link.symlink_to(runtime)


def create(workload: str) -> Run:
    """A new run's directory, named after the time and the workload; RunError where it cannot be made."""
    folder = _runs_folder()
    identity = f"{time.strftime('%Y%m%d-%H%M%S')}-{_short_name(workload)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = _new_directory(folder, identity)
        os.close(os.open(directory / LOCK, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise RunError(f"cannot keep runs in {folder}: {error.strerror}") from error
    return Run(directory)


def all_runs() -> list[Run]:
    """Every run there is, the newest first."""
    found = []
    for lock in _runs_folder().glob(f"*/{LOCK}"):
        run = Run(lock.parent)
        with contextlib.suppress(FileNotFoundError):  # removed in the meantime
            found.append((run.created, run.id, run))
    return [run for *_, run in sorted(found, reverse=True, key=lambda entry: entry[:2])]


def find(name: str) -> Run:
    """The run with this id, the only one whose id contains it, or the newest for `last`; else RunError."""
    known = all_runs()
    if not known:
        raise RunError("there are no runs yet")
    if name == "last":
        return known[0]
    matches = [run for run in known if name == run.id] or [run for run in known if name and name in run.id]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunError(f"'{name}' may be any of {_some(run.id for run in matches)}")
    close = difflib.get_close_matches(name, [run.id for run in known], n=3, cutoff=0.5)
    raise RunError(f"there is no run '{name}'" + (f"; close to it: {_some(iter(close))}" if close else ""))


def sweep() -> None:
    """Remove the runtime folders that supervisors which were killed have left."""
    for run in all_runs():
        with contextlib.suppress(OSError):
            if run.runtime.exists():
                with _locked(run.directory / LOCK, fcntl.LOCK_EX):
                    shutil.rmtree(run.runtime, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    """Hold `path` by flock; BlockingIOError where another holder is in the way."""
    # Where file systems have no flock of their own, an exclusive one wants to write; to look, reading must do.
    descriptor = os.open(path, (os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY) | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _runs_folder() -> Path:
    return platformdirs.user_state_path("pooltop") / "runs"


def _new_directory(folder: Path, identity: str) -> Path:
    """`folder/identity`, with a number behind it where that is taken."""
    number = 1
    while True:
        directory = folder / (identity if number == 1 else f"{identity}-{number}")
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return directory


def _short_name(workload: str) -> str:
    """The function of `package.module:function` or the gallery's name, fit for a file name."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", workload.rpartition(":")[2]).strip("-")[:32] or "run"


def _runtime_root(identity: str) -> Path:
    """Where runtime folders go: the session's own folder, or one in /tmp where that is missing or its path too long."""
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    root = Path(session) / "pooltop"
    fits = len(os.fsencode(root / identity / "s")) <= _SOCKET_PATH_BYTES
    if session and fits and os.access(session, os.W_OK | os.X_OK):
        return root
    return Path(f"/tmp/pooltop-{os.getuid()}")


def _private(folder: Path) -> None:
    """Make `folder`, or make sure that it is ours alone: in /tmp anybody may have been there before us."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        raise RunError(f"cannot make {folder}: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RunError(f"{folder} is not a folder of yours alone (0700); remove it, or set XDG_RUNTIME_DIR")


def _some(names: Iterator[str], most: int = 5) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")

"""The supervisor's end of the guardian (`children/guardian.py`), which kills what is left when the supervisor dies."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from pooltop.backends.group import Group
from pooltop.children import guardian

_ROOT = Path(guardian.__file__).parents[2]


class Guard:
    """Tells the guardian which groups there are.

    `start` blocks for a millisecond or two; what is told before it, or to a guardian that has died, harms nobody.
    """

    def __init__(self, runtime: Path, lock: Path) -> None:
        self._runtime = runtime
        self._lock = lock
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        self._write: int | None = write
        self._process: subprocess.Popen[bytes] | None = None
        self._groups = 0
        self._ending = False

    def start(self) -> None:
        """Start the guardian. Where that cannot be, the run goes on without."""
        program = [sys.executable, "-I", "-S", guardian.__file__]
        arguments = [str(os.getsid(0)), str(self._runtime), str(self._lock), str(_ROOT), *sys.path]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                program + arguments,
                stdin=self._read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        os.close(self._read)

    def watch(self, group: Group) -> None:
        """This group is not to outlive the supervisor."""
        self._groups += 1
        self._tell(f"+ {group.pid} {group.birth}\n")

    def forget(self, group: Group) -> None:
        """This group is buried."""
        self._groups -= 1
        self._tell(f"- {group.pid}\n")
        self._end_if_idle()

    def end(self) -> None:
        """There will be no more groups; the guardian ends with the last one."""
        self._ending = True
        self._end_if_idle()

    def _tell(self, line: str) -> None:
        # A line is shorter than PIPE_BUF, so it is written whole or not at all.
        if self._write is not None:
            with contextlib.suppress(OSError):
                os.write(self._write, line.encode())

    def _end_if_idle(self) -> None:
        if self._ending and not self._groups and self._write is not None:
            os.close(self._write)
            self._write = None

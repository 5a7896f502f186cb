"""Starting a run's supervisor as a program of its own: in this process's place, or in the background.

It never has a `__main__` file, which the standard library's fork server and spawn would run again in every worker.
"""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import threading
from typing import IO, Literal, NamedTuple, NoReturn, TypeAlias

import msgspec
from msgspec.structs import replace

from pooltop import runs
from pooltop.cpus import usable_cpus
from pooltop.model import Resumption, RunSpec
from pooltop.run.journal import Journal, JournalError
from pooltop.runs import Run, RunError

ENDING_SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
"""What ends a run in the foreground, and what that is called."""


_CLEARING_SECONDS = 2.0
"""What a supervisor that has refused may take to remove what it had made."""
_REPORT_BYTES = 1 << 20
"""Enough for any traceback."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a run did not begin: one clear line, and the traceback of the person's own code or ""."""

    line: str
    details: str


StartReport: TypeAlias = Literal["starting", "started"] | Refusal
"""What a supervisor in the background tells whoever started it, a line of JSON each, over a pipe."""


class StartFailed(Exception):
    """A run that did not begin; `str` is one clear line, `details` the traceback of the person's own code or ""."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.line)
        self.details = refusal.details


class Continuation(NamedTuple):
    """Going on with a run that has ended, however it ended: with all that is left, or with its failed items only."""

    run: Run
    items: Resumption


Work: TypeAlias = RunSpec | Continuation
"""What a supervisor is started for: a new run, or an old one."""


def default_workers() -> int:
    """The number of CPUs that this process may really use."""
    return usable_cpus()


def become_foreground(work: Work, summary: str | None) -> NoReturn:
    """Turn this process into the supervisor of a run, which then belongs to the command: PID and signals stay.

    `summary` is the file for the object of `--json`, `-` standard output. Raises RunError and JournalError where there
    is no place for a run.
    """
    # Until the supervisor has its handlers, a Ctrl-C waits: the mask outlives the exec.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    os.execv(sys.executable, _command(_prepared(work), work, summary))


def become_repro(run: Run, spec: RunSpec, index: int, *, debug: bool) -> NoReturn:
    """Turn this process into one that runs a single item of the run, in its directory and with its hash seed.

    Raises RunError where the directory has gone.
    """
    try:
        os.chdir(spec.directory)
    except OSError as error:
        raise RunError(f"run {run.id} works in {spec.directory}: {error.strerror}") from error
    program = [sys.executable, "-P", "-c", "from pooltop.repro import main; main()", str(run.directory), str(index)]
    environment = {**os.environ, "PYTHONHASHSEED": str(spec.hash_seed)}
    os.execve(sys.executable, [*program, *(["--pdb"] if debug else [])], environment)


async def start_in_background(work: Work, *, summary: str | None = None, patience: float | None = 1.0) -> Run:
    """Start a run that outlives this process; returns once its socket answers and it is at work.

    After `patience` seconds of a start that takes long (None: without end) it returns as well. Raises StartFailed
    where the run does not begin, RunError and JournalError where there is no place for it.
    """
    run = _prepared(work)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as reports:
        with os.fdopen(writing, "wb", buffering=0), (run.directory / "supervisor.log").open("wb") as log:
            supervisor = subprocess.Popen(
                _command(run, work, summary, "--report", str(writing)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                start_new_session=True,
            )
        reaper = threading.Thread(target=supervisor.wait, daemon=True)  # else it stays a zombie when it ends
        reaper.start()
        try:
            await _begun(run, reports, patience)
        except StartFailed:
            await asyncio.to_thread(reaper.join, _CLEARING_SECONDS)
            raise
        except BaseException:  # nobody waits for it any more
            supervisor.terminate()
            raise
    return run


def _prepared(work: Work) -> Run:
    """The run, in its directory with its journal."""
    runs.sweep()
    return work.run if isinstance(work, Continuation) else _created(work)


def _created(spec: RunSpec) -> Run:
    run = runs.create(spec.workload)
    try:
        Journal.create(run.journal, replace(spec, hash_seed=_hash_seed())).close()
    except JournalError:
        run.discard()
        raise
    return run


def _hash_seed() -> int:
    """For all processes of a run, so that equal sets have equal pickles in all of them: the person's own, or a new
    one."""
    given = os.environ.get("PYTHONHASHSEED", "")
    return int(given) if given.isdecimal() else secrets.randbelow(1 << 32)


def _command(run: Run, work: Work, summary: str | None, *more: str) -> list[str]:
    program = [sys.executable, "-P", "-c", "from pooltop.foreground import main; main()", str(run.directory)]
    continuation = ["--resume", work.items] if isinstance(work, Continuation) else []
    return [*program, *continuation, *(["--json", summary] if summary else []), *more]


async def _begun(run: Run, reports: IO[bytes], patience: float | None) -> None:
    """Wait until the supervisor says that it has started; StartFailed where it says why not, or ends."""
    reader = asyncio.StreamReader(limit=_REPORT_BYTES)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), reports)
    try:
        listening = _understood(run, await reader.readline())
        if listening == "starting":
            async with asyncio.timeout(patience):
                _understood(run, await reader.readline())
    except TimeoutError:
        pass
    finally:
        transport.close()


def _understood(run: Run, line: bytes) -> Literal["starting", "started"]:
    if not line:
        log = run.directory / "supervisor.log"
        raise StartFailed(
            Refusal(f"run {run.id} ended before it began; {log} may say why", log.read_text(errors="replace"))
        )
    report: StartReport = msgspec.json.decode(line, type=StartReport)
    if isinstance(report, Refusal):
        raise StartFailed(report)
    return report

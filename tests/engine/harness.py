"""A run in a process of its own, started as the product starts it, in a place of its own; and the proof that it leaves
nothing behind."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

from pooltop import runs
from pooltop.model import BaselineMethod, Resumption, RunSpec, StartMethod, Worker
from pooltop.run.journal import Journal
from pooltop.runs import Run
from tests.engine.running import Running, done, until

__all__ = ["JOBS", "Lab", "Running", "done", "held_pair", "until"]

MARK = "POOLTOP_LAB"
"""The environment variable that every process of a run carries: the folder it may use to talk to its test."""
JOBS = Path(__file__).with_name("jobs.py")
GONE_SECONDS = 1.0
"""After a run's end nothing of it may live longer than this."""


class Lab:
    """A place for the runs of one test: their state, their sockets, and a folder they share with the test."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))  # short, for the sockets' sake
        self.state = self.folder / "state"
        self.runtime = self.folder / "rt"
        self.runtime.mkdir(mode=0o700)
        self.runs: list[Running] = []
        self._shared_memory = _shared_memory()

    @property
    def jobs(self) -> Path:
        """The file of the jobs, for item sources in it."""
        return JOBS

    def environment(self) -> dict[str, str]:
        """What makes a process one of this lab's."""
        return {MARK: str(self.folder), "XDG_STATE_HOME": str(self.state), "XDG_RUNTIME_DIR": str(self.runtime)}

    def write(self, name: str, source: str) -> Path:
        """A file of a user's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return path

    def signal(self, name: str) -> None:
        """Let the jobs go on that wait for this."""
        (self.folder / name).touch()

    def has(self, name: str) -> bool:
        """Whether a job has left this mark."""
        return (self.folder / name).exists()

    def begun(self) -> list[int]:
        """The items that jobs which are held have begun, each as often as that."""
        return sorted(map(int, (self.folder / "begun").read_text().split()))

    async def wait_for(self, *names: str) -> None:
        """Until the jobs have left all these marks."""
        await until(lambda: all(map(self.has, names)), f"marks {names}")

    def processes(self) -> list[psutil.Process]:
        """Every living process that belongs to a run of this lab."""
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            mark = f"{MARK}={self.folder}".encode()
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            return mark in environment and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, psutil.Error):
            return False

    async def start(
        self,
        job: str,
        items: str | None = None,
        *options: str,
        gallery: bool = False,
        workers: int | None = 2,
        chunksize: int | None = None,
        start_method: StartMethod = "forkserver",
        retries: int = 2,
        baseline: BaselineMethod = "none",
        output: Path | None = None,
        summary: Path | None = None,
        **limits: Any,
    ) -> "Running":
        """Start a run of a function in jobs.py (or, with a colon, of any; or of the gallery), and connect to it.

        `limits` are other fields of its RunSpec.
        """
        spec = RunSpec(
            workload=job if gallery or ":" in job else f"{JOBS}:{job}",
            options=options,
            items=items,
            workers=workers,
            chunksize=chunksize,
            start_method=start_method,
            retries=retries,
            baseline=baseline,
            directory=str(self.folder),
            output=str(output) if output else None,
            **limits,
        )
        run = runs.create(job)
        Journal.create(run.journal, spec).close()
        running = Running(run, self._launch(run, summary), self._stderr(run))
        self.runs.append(running)
        await running.connect()
        return running

    async def resume(self, running: Running, how: Resumption = "all") -> Running:
        """Go on with a run whose supervisor has ended."""
        await running.hang_up()
        resumed = Running(running.run, self._launch(running.run, None, "--resume", how), self._stderr(running.run))
        self.runs.append(resumed)
        await resumed.connect()
        return resumed

    def _launch(self, run: Run, summary: Path | None, *options: str) -> "subprocess.Popen[bytes]":
        program = "from pooltop.foreground import main; main()"
        with self._stderr(run).open("wb") as stderr:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    program,
                    str(run.directory),
                    *(["--json", str(summary)] if summary else []),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )

    def _stderr(self, run: Run) -> Path:
        return self.folder / f"{run.id}.stderr"

    async def close(self) -> None:
        """Assert that every run has ended and that nothing of any is left."""
        try:
            for running in self.runs:
                await running.hang_up()
                assert running.process.poll() is not None, f"still running: {running.last}"
            await self.assert_no_processes(GONE_SECONDS)
            await until(
                lambda: not _shared_memory() - self._shared_memory, "no file left in shared memory", GONE_SECONDS
            )
            runs.sweep()  # of runs whose supervisor was killed
            assert not list(self.runtime.glob("*/*")), "a runtime folder is left"
        finally:
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            for running in self.runs:
                running.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    async def assert_no_processes(self, within: float) -> None:
        """Nothing of any run lives on."""
        await until(lambda: not self.processes(), "every process is gone", within)


async def held_pair(
    lab: Lab, items: int = 6, *, chunksize: int = 1, start_method: StartMethod = "forkserver"
) -> tuple[Running, Worker]:
    """A run of two workers that each hold the first item of a chunk, and the one that holds item 0.

    There are no retries, so that a strike would show.
    """
    run = await lab.start("held", f"range:{items}", retries=0, chunksize=chunksize, start_method=start_method)
    await lab.wait_for("began-0", f"began-{chunksize}")
    return run, await run.holder(0)


def _shared_memory() -> set[str]:
    """The names that multiprocessing, or we, may leave in shared memory."""
    try:
        names = {path.name for path in Path("/dev/shm").iterdir()}
        return {name for name in names if name.startswith(("pym-", "psm_", "sem.mp-", "pooltop"))}
    except FileNotFoundError:
        return set()

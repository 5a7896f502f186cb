"""`pooltop resume` and `pooltop attach`: what has ended before its time goes on, what goes on is shown again."""

import asyncio
import sys
from pathlib import Path
from typing import Unpack

import click

from pooltop import runs
from pooltop.cli.apart import check_apart
from pooltop.cli.places import Place, carry_out, check_place, has_terminal, hz_option, place_options, watch
from pooltop.cli.present import connected, last_snapshot
from pooltop.launch import Continuation
from pooltop.model import RunSpec, Snapshot
from pooltop.plain import ProgressLines, say
from pooltop.run.journal import JournalReader
from pooltop.runs import Run, RunError
from pooltop.summary import is_clean, summary_lines
from pooltop.work.items import reads_stdin

_POLL_SECONDS = 0.02


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--retry-failed", is_flag=True, help="Run the failed items again, and nothing else.")
@place_options
def resume(run_name: str, retry_failed: bool, **place: Unpack[Place]) -> int:
    """Go on with a run that was stopped, failed or died.

    Results that are there are kept. Items are recognised by their content: where the source has changed meanwhile, new
    items run, and results whose items are gone are reported.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    spec = _resumable(run)
    stdin = reads_stdin(spec.items)
    if stdin and sys.stdin is not None and sys.stdin.isatty():
        raise RunError(f"run {run.id} reads its items from standard input: give them again")
    check_place(stdin=stdin, **place)
    check_apart(spec, place["summary"])
    return carry_out(Continuation(run, "failed" if retry_failed else "all"), stdin=stdin, **place)


def _resumable(run: Run) -> RunSpec:
    """What the run was asked to do; RunError where it cannot go on."""
    try:
        alive = run.is_alive()
    except OSError as error:
        raise RunError(f"cannot go on in {run.directory}: {error.strerror}") from error
    if alive:
        raise RunError(f"run {run.id} is running; pooltop attach {run.id}")
    with JournalReader(run.journal) as journal:
        spec = journal.spec()
    if not Path(spec.directory).is_dir():
        raise RunError(f"run {run.id} works in {spec.directory}, which is no folder any more")
    return spec


@click.command()
@click.argument("run_name", metavar="[RUN]", required=False)
@hz_option
def attach(run_name: str | None, hz: float) -> int:
    """Show a run that is running, whoever started it; several terminals may.

    RUN is an id, a part of one, or "last"; the newest one that is running where none is given. Without a terminal:
    progress on standard error until it ends.
    """
    run = runs.find(run_name) if run_name else _newest_running()
    if not run.is_alive():
        raise RunError(f"run {run.id} has ended; pooltop results {run.id} and pooltop failures {run.id} tell of it")
    if has_terminal():
        return watch(run, hz)
    try:
        final = asyncio.run(_progress(run, hz))
    except KeyboardInterrupt:
        say(f"run {run.id} goes on")
        raise
    return _outcome(run, final)


def _newest_running() -> Run:
    running = next((run for run in runs.all_runs() if run.is_alive()), None)
    if running is None:
        raise RunError("no run is running; pooltop runs lists those that have ended")
    return running


async def _progress(run: Run, hz: float) -> Snapshot | None:
    """Progress lines until the run has ended; its last snapshot, None where it never had one."""
    progress = ProgressLines(sys.stderr)
    link = await connected(run)
    try:
        await link.watch(hz)
        async for snapshot in link.snapshots():
            progress.show(snapshot)
    except ConnectionError:
        pass  # it ended in this moment
    finally:
        progress.clear()
        await link.close()
    while run.is_alive():
        await asyncio.sleep(_POLL_SECONDS)
    return last_snapshot(run)


def _outcome(run: Run, final: Snapshot | None) -> int:
    if final is None:
        raise RunError(f"run {run.id} ended before it began")
    with JournalReader(run.journal) as journal:
        for line in summary_lines(final, journal.failures()):
            say(line)
    return 0 if is_clean(final) else 1

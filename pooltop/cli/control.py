"""`pooltop ctl`: what can be asked of a run that is running."""

import asyncio

import click
import msgspec

from pooltop import runs
from pooltop.cli.present import connected, last_snapshot
from pooltop.cli.values import at_least, signal_name
from pooltop.model import Command, Kill, Pause, Reply, Resize, Restart, Resume, Skip, Snapshot, Stop
from pooltop.plain import say
from pooltop.printable import printable
from pooltop.runs import Run, RunError
from pooltop.wire.packing import as_json

SLOT = at_least(0)


@click.group(no_args_is_help=False)
@click.argument("run_name", metavar="RUN")
@click.pass_context
def ctl(context: click.Context, run_name: str) -> None:
    """Ask something of a running run.

    RUN is an id, a part of one, or "last"; WORKER is the number of a slot. The exit code is 1 where the run refuses.
    """
    context.obj = runs.find(run_name)


@ctl.command()
@click.argument("worker", type=SLOT)
@click.option("--signal", "name", metavar="NAME", type=signal_name, default="TERM", show_default=True)
@click.pass_obj
def kill(run: Run, worker: int, name: str) -> int:
    """Send a worker a signal; its item goes back and another takes its place."""
    return _tell(run, Kill(slot=worker, signal=name))


@ctl.command()
@click.argument("worker", type=SLOT)
@click.option("--now", is_flag=True, help="At once, not after its present item.")
@click.pass_obj
def restart(run: Run, worker: int, now: bool) -> int:
    """Replace a worker."""
    return _tell(run, Restart(slot=worker, now=now))


@ctl.command()
@click.argument("worker", type=SLOT, required=False)
@click.option("--wait", is_flag=True, help="Let present items end first.")
@click.pass_obj
def pause(run: Run, worker: int | None, wait: bool) -> int:
    """Freeze a worker with its children, or the pool."""
    return _tell(run, Pause(slot=worker, wait=wait))


@ctl.command()
@click.argument("worker", type=SLOT, required=False)
@click.pass_obj
def resume(run: Run, worker: int | None) -> int:
    """Let a paused worker, or the pool, go on."""
    return _tell(run, Resume(slot=worker))


@ctl.command()
@click.argument("worker", type=SLOT)
@click.pass_obj
def skip(run: Run, worker: int) -> int:
    """Give up the item that a worker has in hand."""
    return _tell(run, Skip(slot=worker))


@ctl.command()
@click.argument("workers", metavar="N", type=at_least(1))
@click.pass_obj
def resize(run: Run, workers: int) -> int:
    """Make it N workers; those too many end their item first."""
    return _tell(run, Resize(workers=workers))


@ctl.command()
@click.pass_obj
def stop(run: Run) -> int:
    """End the run now; what is finished is kept."""
    return _tell(run, Stop())


@ctl.command()
@click.pass_obj
def snapshot(run: Run) -> int:
    """Print the run as it is now, or as it was last, as JSON."""
    present = asyncio.run(_present(run)) if run.is_alive() else last_snapshot(run)
    if present is None:
        raise RunError(f"run {run.id} ended before its first snapshot")
    click.echo(msgspec.json.format(as_json(present), indent=2))
    return 0


def _tell(run: Run, command: Command) -> int:
    """Have the run carry it out, and print what came of it."""
    try:
        reply = asyncio.run(_ask(run, command))
    except ConnectionError:
        say(f"pooltop: run {run.id} ended before it answered")
        return 1
    if reply.ok:
        click.echo(printable(reply.text))
        return 0
    say(f"pooltop: {printable(reply.text)}")
    return 1


async def _ask(run: Run, command: Command) -> Reply:
    link = await connected(run)
    try:
        return await link.ask(command)
    finally:
        await link.close()


async def _present(run: Run) -> Snapshot | None:
    """The snapshot that the run sends, or the last one stored where it ends meanwhile."""
    link = await connected(run)
    try:
        await link.watch()
        async for present in link.snapshots():
            return present
    finally:
        await link.close()
    return last_snapshot(run)

"""`pooltop runs` and `pooltop log`: what has been run and what is running, from the journals."""

import time
from typing import Literal

import click
import msgspec

from pooltop import runs
from pooltop.figures import amount, duration
from pooltop.model import ENDED, LogLine, Progress, RunState, Snapshot, Speedup
from pooltop.plain import say
from pooltop.printable import cut, printable, width
from pooltop.run.journal import JournalError, JournalReader
from pooltop.runs import Run
from pooltop.summary import Items
from pooltop.wire.packing import as_json

_POLL_SECONDS = 0.2
_START_SECONDS = 10.0
"""A run that has not had a supervisor yet at this age will not get one any more."""


class Entry(msgspec.Struct, frozen=True):
    """A run in the list; `created` in seconds since the epoch."""

    run: str
    state: RunState | Literal["died"]
    workload: str
    items: Items
    seconds: float | None
    speedup: float | None
    created: float


@click.command("runs")
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def list_runs(in_json: bool) -> None:
    """What has been run and what is running, the newest first."""
    entries = [_entry(run) for run in runs.all_runs()]
    if in_json:
        click.echo(as_json(entries))
    elif entries:
        _print_table([("run", "state", "workload", "items", "seconds", "speedup", "when"), *map(_cells, entries)])
    else:
        click.echo("no runs yet")
    if not in_json and any(entry.state == "died" for entry in entries):
        say("one that died goes on where it was with: pooltop resume RUN")


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("-f", "follow", is_flag=True, help="Go on with new lines until the run ends.")
def log(run_name: str, follow: bool) -> None:
    """What a run's functions have printed, and what has happened in it.

    RUN is an id, a part of one, or "last".
    """
    run = runs.find(run_name)
    last = 0
    alive = True
    with JournalReader(run.journal) as reader:
        while alive:
            alive = follow and run.is_alive()  # asked before reading, so that the last lines are not missed
            for line in reader.log(after=last):
                click.echo(log_line(line))
                last = line.number
            if alive:
                time.sleep(_POLL_SECONDS)


def log_line(line: LogLine) -> str:
    """`14:02:11  worker 2 (48214), IMG_1.jpg: what it printed`; events bear no name."""
    clock = time.strftime("%H:%M:%S", time.localtime(line.time))
    source = "" if line.slot is None else f"worker {line.slot}"
    if line.pid is not None and source:
        source += f" ({line.pid})"
    if line.item is not None:
        source += f", {line.item}" if source else line.item
    return printable(f"{clock}  {source}: {line.text}" if source and line.kind != "event" else f"{clock}  {line.text}")


def _entry(run: Run) -> Entry:
    alive = run.is_alive()  # asked first: a run that ends in between has stored its last snapshot by then
    try:
        with JournalReader(run.journal) as reader:
            workload, snapshot = reader.spec().workload, reader.snapshot()
    except JournalError:
        workload, snapshot = "", None
    progress = Progress() if snapshot is None else snapshot.progress
    speedup = Speedup() if snapshot is None else snapshot.speedup
    return Entry(
        run=run.id,
        state=_state(run, snapshot, alive),
        workload=workload,
        items=Items.of(progress),
        seconds=speedup.seconds,
        speedup=speedup.speedup,
        created=run.created,
    )


def _state(run: Run, snapshot: Snapshot | None, alive: bool) -> RunState | Literal["died"]:
    awaited = not run.has_begun() and time.time() - run.created < _START_SECONDS
    if snapshot is None and (alive or awaited):
        return "starting"
    if snapshot is None or not (alive or snapshot.state in ENDED):
        return "died"
    return snapshot.state


def _cells(entry: Entry) -> tuple[str, ...]:
    items = entry.items
    return (
        entry.run,
        entry.state,
        cut(printable(entry.workload), 40),
        f"{amount(items.done)} of {'?' if items.total is None else amount(items.total)}"
        + (f", {amount(items.failed)} failed" if items.failed else ""),
        "" if entry.seconds is None else duration(entry.seconds),
        "" if entry.speedup is None else f"{entry.speedup:.2f} x",
        time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created)),
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    columns = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (cells - width(cell)) for cell, cells in zip(row, columns, strict=True))
        click.echo("  ".join(padded).rstrip())

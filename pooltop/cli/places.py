"""The three places where a run can live: in front of a person, in this process, or in the background."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any, TypedDict, TypeVar, Unpack

import click

from pooltop import launch
from pooltop.cli.values import hertz, summary_file
from pooltop.launch import Work
from pooltop.runs import Run

F = TypeVar("F", bound=Callable[..., Any])


class Place(TypedDict):
    """The values of the options that say where."""

    headless: bool
    detach: bool
    summary: str | None
    """The file for the object of `--json`, `-` standard output."""
    hz: float


hz_option = click.option(
    "--hz", metavar="N", type=hertz, default="2", show_default=True, help="Snapshots a second on the screen."
)


def place_options(command: F) -> F:
    """Gives a command the options of `Place`."""
    for option in (
        hz_option,
        click.option(
            "--json",
            "summary",
            metavar="FILE",
            type=summary_file,
            help="Write a summary object at the end; - is standard output.",
        ),
        click.option("--detach", is_flag=True, help="Leave it running in the background, and print its id."),
        click.option("--headless", is_flag=True, help="Progress on standard error instead of the dashboard."),
    ):
        command = option(command)
    return command


def has_terminal() -> bool:
    """Whether there is a terminal to draw on and to hear keys from."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def carry_out(work: Work, *, stdin: bool, **place: Unpack[Place]) -> int:
    """Do the work where the person wants it; the exit code.

    stdin: its items come from standard input, which only this process has.

    Raises StartFailed, RunError and JournalError where it cannot begin.
    """
    summary, hz = place["summary"], place["hz"]
    if place["detach"]:
        click.echo(asyncio.run(launch.start_in_background(work, summary=summary, patience=None)).id)
        return 0
    if place["headless"] or stdin or summary == "-" or not has_terminal():
        launch.become_foreground(work, summary)
    return watch(asyncio.run(launch.start_in_background(work, summary=summary)), hz)


def check_place(*, stdin: bool, **place: Unpack[Place]) -> None:
    """Raise UsageError for what does not go together; `stdin` as above."""
    if place["detach"] and place["summary"] == "-":
        raise click.UsageError("--json - is for a run in the foreground; with --detach name a file")
    if place["detach"] and stdin:
        raise click.UsageError("a detached run has no standard input to read items from")


def watch(run: Run, hz: float) -> int:
    """The dashboard on a run, `hz` snapshots a second; the exit code."""
    from tui.app import watch_run  # only the dashboard pays for it

    return watch_run(run, hz)

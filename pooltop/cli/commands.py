"""All commands together, and what `pooltop` alone does."""

import click

import pooltop
from pooltop.cli import USAGE
from pooltop.cli.control import ctl
from pooltop.cli.gallery import list_gallery, show
from pooltop.cli.history import list_runs, log
from pooltop.cli.run import has_terminal, run
from pooltop.cli.values import hertz


@click.group(invoke_without_command=True)
@click.version_option(pooltop.__version__, prog_name="pooltop", message="%(prog)s %(version)s")
@click.option("--hz", metavar="N", type=hertz, default="2", show_default=True, help="Snapshots a second on the screen.")
@click.pass_context
def cli(context: click.Context, hz: float) -> int:
    """Top for your process pool: run a Python function over its inputs on worker processes you can watch, kill,
    pause and resize.

    Without a command: the dashboard, on the gallery of workloads.
    """
    if context.invoked_subcommand is not None:
        return 0
    if not has_terminal():
        click.echo(context.get_help())
        return USAGE
    from tui.app import run_gallery  # only the dashboard pays for it

    return run_gallery(hz)


for command in (run, list_gallery, show, list_runs, log, ctl):
    cli.add_command(command)

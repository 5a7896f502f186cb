"""All commands together, and what `pooltop` alone, or with Python files, does."""

from pathlib import Path

import click

import pooltop
from pooltop.cli import USAGE
from pooltop.cli.again import attach, resume
from pooltop.cli.control import ctl
from pooltop.cli.failures import failures
from pooltop.cli.gallery import functions_of, list_gallery, show
from pooltop.cli.history import list_runs, log
from pooltop.cli.places import has_terminal, hz_option
from pooltop.cli.repro import repro
from pooltop.cli.results import results
from pooltop.cli.run import run


class CommandsOrFiles(click.Group):
    """A group whose first word may be a file instead of a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Where a file stands first, all words are files."""
        if args[0] not in self.commands and _is_like_a_file(args[0]):
            return open_with_files.name, open_with_files, args
        return super().resolve_command(ctx, args)


def _is_like_a_file(word: str) -> bool:
    try:
        return word.endswith(".py") or "/" in word or Path(word).exists()
    except OSError:  # too long for a name
        return False


@click.group(cls=CommandsOrFiles, invoke_without_command=True, subcommand_metavar="[FILE.py]... | COMMAND [ARGS]...")
@click.version_option(pooltop.__version__, prog_name="pooltop", message="%(prog)s %(version)s")
@hz_option
@click.pass_context
def cli(context: click.Context, hz: float) -> int:
    """Top for your process pool: run a Python function over its inputs on worker processes you can watch, kill,
    pause and resize.

    Without a command: the dashboard, on the gallery of workloads, with the functions of the files.
    """
    context.obj = hz
    return 0 if context.invoked_subcommand else _open_gallery(context, ())


@click.command(add_help_option=False)
@click.argument("files", nargs=-1)
@click.pass_context
def open_with_files(context: click.Context, files: tuple[str, ...]) -> int:
    """What `pooltop FILE.py...` does; it goes by no name of its own."""
    return _open_gallery(context, files)


def _open_gallery(context: click.Context, files: tuple[str, ...]) -> int:
    functions = functions_of(files)
    if not has_terminal():
        click.echo(context.find_root().get_help())
        return USAGE
    from tui.app import run_gallery  # only the dashboard pays for it

    return run_gallery(context.obj, functions)


for command in (run, list_gallery, show, list_runs, log, ctl, attach, resume, results, failures, repro):
    cli.add_command(command)

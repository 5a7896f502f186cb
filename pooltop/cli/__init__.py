"""The command line: arguments, exit codes, and nothing else."""

import os
import sys
from typing import NoReturn

USAGE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def main() -> NoReturn:
    """The program `pooltop`."""
    try:
        code = _run_command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the last flush complains
        code = BROKEN_PIPE
    sys.exit(code)


def _run_command() -> int:
    """The exit code; bad input is one line on standard error, after the traceback of the person's own code."""
    # Imported here, where a Ctrl-C is heard.
    import click

    from pooltop.cli.commands import cli
    from pooltop.errors import WorkloadError
    from pooltop.journal import JournalError
    from pooltop.launch import StartFailed
    from pooltop.plain import say
    from pooltop.printable import printable, printable_lines
    from pooltop.runs import RunError

    try:
        return int(cli.main(prog_name="pooltop", standalone_mode=False) or 0)
    except click.Abort:
        return INTERRUPTED
    except (WorkloadError, StartFailed) as error:
        if error.details:
            say(printable_lines(error.details))
        line = str(error)
    except (RunError, JournalError) as error:
        line = str(error)
    except click.ClickException as error:
        line = error.format_message()
    say(f"pooltop: {printable(line)}")
    return USAGE

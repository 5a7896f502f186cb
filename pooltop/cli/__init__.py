"""The command line: arguments, exit codes, and nothing else."""

import sys
from typing import NoReturn

UNPRINTED, USAGE, INTERRUPTED = 1, 2, 130


def main() -> NoReturn:
    """The program `pooltop`."""
    try:
        code = _run_command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _run_command() -> int:
    """The exit code; bad input is one line on standard error, after the traceback of the person's own code."""
    # Imported here, where a Ctrl-C is heard.
    import click

    from pooltop.cli.commands import cli
    from pooltop.errors import WorkloadError
    from pooltop.launch import StartFailed
    from pooltop.plain import say
    from pooltop.printable import printable, printable_lines
    from pooltop.run.journal import JournalError
    from pooltop.runs import RunError
    from pooltop.standard_output import given_up, takes_no_more

    try:
        return int(cli.main(prog_name="pooltop", standalone_mode=False) or 0)
    except click.Abort:
        return INTERRUPTED
    except OSError as error:
        if not takes_no_more(error):
            raise
        say(f"pooltop: {given_up(error)}")
        return UNPRINTED
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

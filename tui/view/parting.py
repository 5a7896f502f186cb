"""What is left on the terminal, and the exit code, when a person leaves a run."""

from pooltop.model import Snapshot
from pooltop.summary import summary_lines
from tui.view.words import printable


def exit_code(snapshot: Snapshot) -> int:
    """0 where every item is done and the check was right; 1 where not, or the run failed or was stopped."""
    wrong = snapshot.check is not None and not snapshot.check.ok
    return 0 if snapshot.state == "finished" and not snapshot.progress.failed and not wrong else 1


def at_the_end(snapshot: Snapshot) -> str:
    """How it ended and where everything is, as the headless run says it."""
    return "\n".join(summary_lines(snapshot, snapshot.failures))


def in_the_background(snapshot: Snapshot) -> str:
    """How to find the run again."""
    run = printable(snapshot.run)
    return (
        f"{printable(snapshot.workload)} goes on in the background.\n"
        f"  pooltop attach {run}    shows it again\n"
        f"  pooltop log {run} -f    follows it\n"
        f"  pooltop ctl {run} stop  ends it"
    )

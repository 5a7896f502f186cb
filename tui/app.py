"""The two ways to open the dashboard."""

from collections.abc import Sequence

from pooltop.runs import Run
from pooltop.work.describe import Description
from tui.dashboard import Dashboard
from tui.local import LocalEngine, attach
from tui.terminal import NoTerminal, leave_with_terminal, require_terminal

__all__ = ["NoTerminal", "run_gallery", "watch_run"]


def run_gallery(hz: float = 2.0, functions: Sequence[Description] = ()) -> int:
    """Open the gallery, with the functions of files that the person has named; returns the exit code.

    `hz` is snapshots a second. Raises `NoTerminal`.
    """
    return show(Dashboard(LocalEngine(hz, functions)))


def watch_run(run: Run, hz: float = 2.0) -> int:
    """Open the screen of a run; returns the exit code. `hz` is snapshots a second. Raises `NoTerminal`.

    The code is 0 where every item is done or the run was left in the background, 1 where some failed, or the
    run failed or was stopped, 128 + n where signal n ended the screen (the run goes on).
    """
    return show(Dashboard(LocalEngine(hz), lambda: attach(run, hz)))


def show(app: Dashboard) -> int:
    """Show the app on this program's terminal until it is left; returns the exit code. Raises `NoTerminal`."""
    leave_with_terminal(require_terminal())
    code = app.run()
    return code if code is not None else app.return_code or 1

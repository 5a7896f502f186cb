"""The state of a run and of a worker, in a word with its sign, and in a sentence."""

from pooltop.model import ENDED, RunState, SharedObject, Snapshot, Worker, WorkerState
from tui.view.line import Role, Span
from tui.view.words import plural, printable

RUN_SIGNS: dict[RunState, tuple[str, Role]] = {
    "starting": ("◌ starting", "accent"),
    "baseline": ("◔ measuring one process first", "accent"),
    "running": ("▶ running", "good"),
    "paused": ("‖ paused", "warning"),
    "checking": ("◕ checking", "accent"),
    "finished": ("✔ finished", "good"),
    "stopped": ("■ stopped", "warning"),
    "failed": ("✘ failed", "bad"),
}

WORKER_ROLES: dict[WorkerState, Role] = {
    "starting": "accent",
    "importing": "accent",
    "waiting": "dim",
    "unpickling": "plain",
    "running": "plain",
    "lock wait": "wait",
    "queue wait": "wait",
    "event wait": "wait",
    "sending": "plain",
    "paused": "warning",
    "stopped": "warning",
    "ending": "accent",
    "dead": "bad",
    "ended": "dim",
}


def sign(snapshot: Snapshot) -> Span:
    """The state as a sign and a word, for the header."""
    if snapshot.state == "finished" and snapshot.check is not None and not snapshot.check.ok:
        return Span("✘ finished, check wrong", "bad")
    return Span(*RUN_SIGNS[snapshot.state])


def ended(snapshot: Snapshot) -> bool:
    """Whether nothing more will happen in this run."""
    return snapshot.state in ENDED


def explanation(snapshot: Snapshot) -> Span:
    """One sentence on what goes on now and what a person may want to do about it."""
    reason = printable(snapshot.reason)
    match snapshot.state:
        case "starting":
            return Span(reason or "Your module is being imported once, then the workers start.", "dim")
        case "baseline":
            return Span("The same items run first in a plain loop in one process; then the pool starts.", "dim")
        case "paused":
            return Span("The whole pool is frozen, its items stay in hand. P lets it go on.", "warning")
        case "checking":
            return Span("Every item has ended; the check and the output are being written.", "dim")
        case "finished":
            return _finished(snapshot)
        case "stopped":
            return Span(reason or "Stopped by you; what was finished is kept.", "warning")
        case "failed":
            return Span(reason or "The run failed.", "bad")
        case "running":
            return _running(snapshot, reason)


def _finished(snapshot: Snapshot) -> Span:
    if snapshot.check is not None and not snapshot.check.ok:
        why = f": {printable(snapshot.check.notes[0])}" if snapshot.check.notes else ""
        return Span(f"Every item has ended, but the check found something else than expected{why}.", "bad")
    if snapshot.progress.failed:
        return Span(f"Every item has ended; {plural(snapshot.progress.failed, 'item')} failed (press f).", "warning")
    return Span("Every item is done.", "good")


def _running(snapshot: Snapshot, reason: str) -> Span:
    if reason:
        return Span(reason, "dim")
    for state, meaning in (
        ("stopped", "stopped from outside; its next items go to others. p lets it go on"),
        ("paused", "frozen by you, its item stays in hand. p lets it go on"),
    ):
        slots = [worker.slot for worker in snapshot.workers if worker.state == state]
        if held := [each for each in snapshot.shared if each.holder in slots and each.waits]:
            return Span(_holds_up(held[0], state), "warning")
        if len(slots) == 1:
            return Span(f"Worker {slots[0]} is {meaning}.", "warning")
        if slots:
            return Span(f"{len(slots)} workers are {state}. p on each lets it go on.", "warning")
    if slow := [worker for worker in snapshot.workers if worker.slow]:
        return Span(_is_slow(slow[0]), "warning")
    return Span("Choose a worker with ↑ ↓ and press k to kill it: its item goes back, none is lost.", "dim")


def _is_slow(worker: Worker) -> str:
    return f"Worker {worker.slot} is {worker.slow} for over 5 times the median; x gives its item up."


def _holds_up(held: SharedObject, state: str) -> str:
    waiting = plural(len(held.waits), "worker")
    return f"Worker {held.holder} is {state} and holds {printable(held.name)}: {waiting} waiting. p lets it go on."

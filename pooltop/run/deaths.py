"""A worker's death: what is remembered of the dead, whose fault it was, and what is told of it."""

import time

from pooltop.figures import memory
from pooltop.rules.actions import Begun
from pooltop.run.bench import Bench
from pooltop.run.contact import Contact


def remember(bench: Bench, contact: Contact, begun: Begun | None, resident: int | None) -> None:
    """Keep what its item's failure will say; `resident` are the bytes it had when that was last looked at."""
    bench.last_pid = contact.pid
    bench.last_stacks = contact.stacks
    bench.last_lines = contact.last_lines()
    bench.last_seconds = (time.monotonic_ns() - bench.view.since) / 1e9 if begun else None
    bench.memory = bench.memory or resident or bench.view.memory or None
    bench.ended_before += bench.view.done
    bench.gone_at = time.monotonic()


def blame(bench: Bench, how: str) -> str | None:
    """What the item in hand gets a strike for; None where it is not to blame: its worker's end was asked for."""
    if bench.doomed:
        return None
    if bench.sentence is not None:
        return bench.sentence.reason if bench.sentence.hand == bench.hand else None
    return None if how == bench.signalled else how


def told(bench: Bench, how: str, begun: Begun | None) -> str:
    """The line of the log; the dead one's note says the same in short."""
    why = bench.doomed or (bench.sentence.reason if bench.sentence else "")
    why = why or ("ended by you" if how == bench.signalled else "")
    bench.note = f"{why}, {how}" if why else how
    line = f"worker {bench.number} ({bench.last_pid}) {why or 'died'}: {how}"
    if bench.memory is not None:
        line += f", at {memory(bench.memory)}"
    if begun and begun.phase != "unpickling" and bench.skip is None:
        line += f"; {bench.view.label} goes back"
    return line

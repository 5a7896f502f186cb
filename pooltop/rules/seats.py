"""What the scheduler knows of each slot of the pool, and who of them holds up the others. Pure."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pooltop.rules.actions import Range

STOPPED_PATIENCE = 5.0
"""Seconds that a worker stopped from outside may hold up the others."""
NO_LIMIT = sys.maxsize

Freeze: TypeAlias = Literal["", "paused", "stopped"]


@dataclass
class Seat:
    """A slot with the process in it."""

    ready: bool = False
    frozen: Freeze = ""
    leaving: Literal["", "restart", "shrink"] = ""
    draining: bool = False
    claims: dict[int, Range] = field(default_factory=dict)
    """What it has been given, by ticket."""
    tasks_left: int = NO_LIMIT
    """Items that its process may still run, those that it has been given included."""

    @property
    def room(self) -> int:
        """Items that it may still be given."""
        return self.tasks_left - sum(claim.hi - claim.lo for claim in self.claims.values())

    @property
    def takes_work(self) -> bool:
        """It may be given something now."""
        return self.ready and not (self.frozen or self.leaving or self.draining) and self.room > 0


class HoldUp:
    """Workers stopped from outside that everything waits for, and since when."""

    def __init__(self) -> None:
        self._since: float | None = None

    def to_be_killed(self, now: float, stuck: list[int]) -> list[int]:
        """Those who hold up the others at this moment, once they have done so for too long."""
        if not stuck:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= STOPPED_PATIENCE:
            self._since = None
            return stuck
        return []


def held_up_by(seats: Mapping[int, Seat], waiting: Collection[int], *, nothing_to_give: bool) -> list[int]:
    """The slots stopped from outside, when everything that is left waits for them alone.

    waiting: the slots whose workers wait for what another one holds.
    """
    stopped = [slot for slot, seat in seats.items() if seat.frozen == "stopped"]
    others = {slot: seat for slot, seat in seats.items() if not seat.frozen}
    if any(seat.claims and slot not in waiting for slot, seat in others.items()):
        return []
    if not others or any(seat.claims for seat in others.values()):
        return stopped
    return [slot for slot in stopped if seats[slot].claims] if nothing_to_give else []

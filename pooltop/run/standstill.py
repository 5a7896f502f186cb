"""Seeing that a run stands still for good, because its processes wait for each other."""

from collections.abc import Iterable

from pooltop.run.crew import Crew
from pooltop.run.sharing import Party, Sharing

Sight = frozenset[tuple[int, int, int]]


class Standstill:
    """Looks now and then; only what two looks find alike is believed."""

    def __init__(self) -> None:
        self._last: Sight = frozenset()

    def of_one(self, sharing: Sharing, party: Party) -> str:
        """What a process waits for that is alone with its shared objects; "" where it goes on."""
        return sharing.deadlock([party]) if self._seen_before([party]) else ""

    def of_crew(self, crew: Crew) -> str:
        """Who waits for what, when nobody will ever go on by himself; else ""."""
        found = _all_who_could_go_on(crew)
        if found is None or not self._seen_before(found[0]):
            return ""
        busy, idle = found
        deadlock = crew.sharing.deadlock(busy, idle)
        if deadlock and idle:
            # What they wait for may be the business of an item that one of them has not begun.
            taken_back = [crew.take_back(crew.benches[party.number]) for party in busy]
            return "" if any(taken_back) else deadlock
        return deadlock

    def _seen_before(self, parties: Iterable[Party]) -> bool:
        """Whether it looks as it did last time, and somebody waits."""
        last, self._last = (
            self._last,
            frozenset((party.number, party.pid, wait.since) for party in parties if (wait := party.slot.wait())),
        )
        return bool(last) and last == self._last


def _all_who_could_go_on(crew: Crew) -> tuple[list[Party], list[Party]] | None:
    """The workers with something in hand, and the idle ones; None where others may bring movement into it."""
    if crew.ending or crew.scheduler.paused or not crew.listening:
        return None
    busy, idle = [], []
    for bench in crew.benches.values():
        if bench.contact is None or bench.frozen or bench.draining:
            return None
        party = Party(bench.number, bench.contact.pid, bench.view)
        if bench.begun() is not None or not bench.ready:
            busy.append(party)
        elif crew.scheduler.source_ended:
            idle.append(party)
        else:
            return None
    return busy, idle

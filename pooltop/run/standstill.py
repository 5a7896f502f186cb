"""Seeing that a run stands still for good, because its workers wait for each other."""

from pooltop.run.crew import Crew
from pooltop.run.sharing import Party

Sight = frozenset[tuple[int, int, int]]


class Standstill:
    """Looks now and then; only what two looks find alike is believed."""

    def __init__(self) -> None:
        self._last: Sight = frozenset()

    def look(self, crew: Crew) -> str:
        """Who waits for what, when nobody will ever go on by himself; else ""."""
        parties = _all_who_could_go_on(crew)
        sight = frozenset((party.number, party.pid, wait.since) for party in parties if (wait := party.slot.wait()))
        seen_before = sight == self._last
        self._last = sight
        return crew.sharing.deadlock(parties) if sight and seen_before else ""


def _all_who_could_go_on(crew: Crew) -> list[Party]:
    """The workers with an item in hand; none where somebody else may bring movement into it."""
    if crew.ending or crew.scheduler.paused:
        return []
    parties = []
    for bench in crew.benches.values():
        if bench.contact is None or not bench.ready or bench.frozen:
            return []
        if bench.begun() is not None:
            parties.append(Party(bench.number, bench.contact.pid, bench.view))
        elif not crew.scheduler.source_ended:
            return []
    return parties

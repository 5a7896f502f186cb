"""Workers that stand still: by a person's pause, or because a signal from outside has stopped them."""

from collections.abc import Collection, Coroutine
from typing import TYPE_CHECKING, Any, Literal

from pooltop.run.bench import Bench
from pooltop.run.contact import Contact

if TYPE_CHECKING:  # the crew has one of these
    from pooltop.run.crew import Crew


class Standing:
    """What a worker that stands still has not begun goes to the others."""

    def __init__(self, crew: "Crew") -> None:
        self.whole_pool = False
        """A process that starts now is to stand still, too."""
        self._crew = crew

    def seen(self, stopped: Collection[int]) -> None:
        """These PIDs stand still, whoever stopped them."""
        for bench in self._crew.alive():
            contact = bench.contact
            if contact is None or contact.dead:
                continue
            if contact.pid in stopped and not (bench.frozen or contact.held):
                self._crew.note(bench, "stopped from outside (SIGSTOP); its next items go to others")
                self._freeze(bench, "stopped")
            elif bench.frozen == "stopped" and contact.pid not in stopped:
                self._crew.note(bench, "goes on")
                self._thaw(bench)

    def make(self, bench: Bench) -> Coroutine[Any, Any, bool]:
        """Freeze the process with its children; the result comes when it really stands: False when it is gone, or
        somebody has let it go on meanwhile.

        The signal goes out now, not when the result is first waited for: a resume may be right behind.
        """
        if bench.contact is not None:
            bench.contact.stop()
        return self._made(bench, bench.contact)

    async def _made(self, bench: Bench, contact: Contact | None) -> bool:
        if contact is None or not await contact.stands_still() or bench.contact is not contact or not contact.held:
            return False
        if not bench.frozen:
            self._freeze(bench, "paused")
        return True

    def end(self, bench: Bench) -> None:
        """Let a process that stands still go on, with its children."""
        if bench.contact is not None:
            bench.contact.go_on()
        if bench.frozen:
            self._thaw(bench)

    def _freeze(self, bench: Bench, how: Literal["paused", "stopped"]) -> None:
        bench.frozen = how
        self._crew.do(self._crew.scheduler.froze(bench.number, how, bench.begun()))

    def _thaw(self, bench: Bench) -> None:
        bench.frozen = ""
        self._crew.do(self._crew.scheduler.thawed(bench.number))

"""Workers that stand still: by a person's pause, or because a signal from outside has stopped them."""

from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any, Literal

from pooltop.run.bench import Bench
from pooltop.run.contact import Contact


class Standing:
    """`on_change` is called when a slot's process has begun to stand still, or has gone on (`Bench.frozen`)."""

    def __init__(self, note: Callable[[Bench, str], None], on_change: Callable[[Bench], None]) -> None:
        self.whole_pool = False
        """A process that starts now is to stand still, too."""
        self._note = note
        self._on_change = on_change

    def seen(self, benches: Iterable[Bench], stopped: Collection[int]) -> None:
        """Of these, those with such PIDs stand still, whoever stopped them."""
        for bench in benches:
            contact = bench.contact
            if contact is None or contact.dead:
                continue
            if contact.pid in stopped and not (bench.frozen or contact.held):
                self._note(bench, "stopped from outside (SIGSTOP); its next items go to others")
                self._change(bench, "stopped")
            elif bench.frozen == "stopped" and contact.pid not in stopped:
                self._note(bench, "goes on")
                self._change(bench, "")

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
            self._change(bench, "paused")
        return True

    def end(self, bench: Bench) -> None:
        """Let a process that stands still go on, with its children."""
        if bench.contact is not None:
            bench.contact.go_on()
        if bench.frozen:
            self._change(bench, "")

    def _change(self, bench: Bench, frozen: Literal["", "paused", "stopped"]) -> None:
        bench.frozen = frozen
        self._on_change(bench)

"""Semaphores, events, barriers and conditions, pure."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pooltop.rules.meeting import Execution, Host, MeetingPoint, Request, drop


class Permits(MeetingPoint):
    """A semaphore. What an execution that comes to nothing has taken or given is taken back."""

    def __init__(self, host: Host, value: int) -> None:
        super().__init__(host)
        self.value = value
        self._taken: Counter[Execution] = Counter()

    def ask(self, request: Request) -> None:
        """`acquire`, `release`, `value`."""
        match request.verb:
            case "acquire":
                self._waiting.append(request)
            case "release":
                self.value += 1
                self._taken[request.execution] -= 1
                self._host.answer(request)
            case "value":
                self._host.answer(request, values=(self.value,))
        self._move()

    def _move(self) -> None:
        while self._waiting and self.value > 0:
            request = self._waiting.pop(0)
            self.value -= 1
            self._taken[request.execution] += 1
            self._host.answer(request)

    def take_back(self, request: Request) -> None:
        """A permit that nobody knows of returns."""
        if request.verb == "acquire":
            self.value += 1
            self._taken[request.execution] -= 1
            self._move()

    def undo(self, execution: Execution) -> None:
        """Its permits return."""
        self.value += self._taken.pop(execution, 0)
        self._move()

    def forget(self, done: Callable[[int | None], bool]) -> None:
        """What these items took or gave stays so."""
        drop(self._taken, lambda execution: done(execution[1]))


class Flag(MeetingPoint):
    """An event. Setting it again does nothing, so nothing need be undone."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.is_set = False

    def ask(self, request: Request) -> None:
        """`wait`, `set`, `clear`, `is_set`."""
        match request.verb:
            case "wait":
                self._waiting.append(request)
            case "set":
                self.is_set = True
            case "clear":
                self.is_set = False
            case "is_set":
                self._host.answer(request, values=(int(self.is_set),))
        if self.is_set:
            self._answer_all(self._waiting)


class Gate(MeetingPoint):
    """A barrier. Where an item has passed once, it passes at once when it is run again: the others are through."""

    def __init__(self, host: Host, parties: int) -> None:
        super().__init__(host)
        self.parties = parties
        self._broken = False
        self._passed: dict[int | None, list[int]] = {}
        self._repeated: Counter[Execution] = Counter()

    @property
    def waiting(self) -> int:
        """How many wait at it."""
        return len(self._waiting)

    def ask(self, request: Request) -> None:
        """`wait`, `abort`, `reset`, `state` (how many wait, whether it is broken)."""
        match request.verb:
            case "wait":
                self._wait(request)
            case "abort":
                self._break()
            case "reset":
                self._break()
                self._broken = False
            case "state":
                self._host.answer(request, values=(self.waiting, int(self._broken)))

    def _wait(self, request: Request) -> None:
        passed = self._passed.get(request.item, ())
        at = self._repeated[request.execution]
        if at < len(passed):
            self._repeated[request.execution] += 1
            self._host.answer(request, values=(passed[at],))
        elif self._broken:
            self._host.answer(request, "broken")
        else:
            self._waiting.append(request)
            if self.waiting >= self.parties:
                self._open()

    def _open(self) -> None:
        through, self._waiting = self._waiting, []
        for index, request in enumerate(through):
            if request.item is not None:
                self._passed.setdefault(request.item, []).append(index)
                self._repeated[request.execution] += 1
            self._host.anchor(request)
            self._host.answer(request, values=(index,))

    def _break(self) -> None:
        self._broken = True
        self._answer_all(self._waiting, "broken")

    def expire(self, request: Request) -> None:  # noqa: ARG002  # all that wait are concerned
        """One that has waited too long breaks it for all."""
        self._break()

    def undo(self, execution: Execution) -> None:
        """It begins anew."""
        self._repeated.pop(execution, None)

    def forget(self, done: Callable[[int | None], bool]) -> None:
        """These will not come again."""
        drop(self._passed, done)
        drop(self._repeated, lambda execution: done(execution[1]))

    def give_up(self, item: int) -> None:
        """It will not come again."""
        self._passed.pop(item, None)


@dataclass
class _Enlisted:
    """One that waits for a ring, or is about to."""

    request: Request
    rung: bool
    waiter: Request | None = None

    def is_of(self, request: Request) -> bool:
        """Whether the request names this enlistment."""
        return (self.request.party, self.request.number) == (request.party, request.amount)


class Bell(MeetingPoint):
    """What a condition rings. Who will wait enlists first, while it still holds the lock, so that no ring is missed."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._enlisted: list[_Enlisted] = []
        self._heard: Counter[int | None] = Counter()
        self._repeated: Counter[Execution] = Counter()

    def ask(self, request: Request) -> None:
        """`enlist`, `wait` and `unlist` (`amount` is the number under which one has enlisted), `notify` (so many)."""
        match request.verb:
            case "enlist":
                again = request.item is not None and self._repeated[request.execution] < self._heard[request.item]
                self._enlisted.append(_Enlisted(request, rung=again))
                self._host.answer(request)
            case "wait":
                self._place(request).waiter = request
            case "unlist":
                self._enlisted = [place for place in self._enlisted if not place.is_of(request)]
            case "notify":
                for place in [place for place in self._enlisted if not place.rung][: request.amount]:
                    place.rung = True
        self._move()

    def _place(self, request: Request) -> _Enlisted:
        return next(place for place in self._enlisted if place.is_of(request))

    def _move(self) -> None:
        for place in list(self._enlisted):
            if place.rung and place.waiter is not None:
                self._enlisted.remove(place)
                item = place.request.item
                if item is not None:
                    self._repeated[place.request.execution] += 1
                    self._heard[item] = max(self._heard[item], self._repeated[place.request.execution])
                    self._host.anchor(place.request)
                self._host.answer(place.waiter)

    def expire(self, request: Request) -> None:
        """It stops waiting."""
        self._enlisted = [place for place in self._enlisted if place.waiter is not request]
        self._host.answer(request, "timeout")

    def leave(self, party: int) -> None:
        """A party waits no more: it is dead."""
        self._enlisted = [place for place in self._enlisted if place.request.party != party]

    def take_back(self, request: Request) -> None:
        """Nobody knows of the enlistment."""
        self._enlisted = [place for place in self._enlisted if place.request is not request]

    def undo(self, execution: Execution) -> None:
        """It begins anew."""
        self._repeated.pop(execution, None)

    def forget(self, done: Callable[[int | None], bool]) -> None:
        """These will not come again."""
        drop(self._heard, done)
        drop(self._repeated, lambda execution: done(execution[1]))

    def give_up(self, item: int) -> None:
        """It will not come again."""
        self._heard.pop(item, None)

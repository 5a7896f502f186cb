"""What becomes of shared queues, semaphores, events, barriers and conditions when their users die, pure.

Requests of processes come in, replies go out; one that has to wait gets its reply later. Each request says for which
item it is made, and is counted among that item's, which makes recovery exact for every item whose requests depend on
nothing but the item and the messages it gets:

- **A death undoes** what its unfinished items took: messages go back to the head of their queue, in order, permits of
  semaphores return. Others go on at once.
- **What others may have seen is recognised, not undone**: a message that an item puts again, as its nth, is delivered
  once, however often the item runs, and a barrier that it has passed it passes at once. What the item had taken by then
  is kept for it, so that it repeats itself up to there.
- **An item that does not repeat itself loses nothing**: from the first other message on, all are delivered. That some
  may then be there twice is told (`strayed`).
- **What a worker does before its first item** belongs to its slot, and is done again by each replacement.
- **An accepted result makes all of it final**; an item that fails for good leaves the messages it took to others.

That is message logging for piecewise deterministic processes (Strom and Yemini 1985, "Optimistic recovery in
distributed systems"); the supervisor is the log.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from pooltop.rules.meeting import Body, Execution, MeetingPoint, Outcome, Request

ANSWERS_KEPT = 16
"""Of each party; it turns away, if at all, from one of the last."""


@dataclass(frozen=True)
class Reply:
    """What is to be sent to a party."""

    party: int
    number: int
    outcome: Outcome
    values: tuple[int, ...]
    body: Body


class Broker:
    """Routes requests to the meeting points; `places` are these by their numbers."""

    def __init__(self) -> None:
        self.places: dict[int, MeetingPoint] = {}
        self._replies: list[Reply] = []
        self._open: dict[tuple[int, int], tuple[MeetingPoint, Request]] = {}
        self._executions: dict[Execution, None] = {}
        self._latest: dict[int, deque[tuple[MeetingPoint, Request]]] = {}
        """What each party was given of late."""
        self._setting_up: set[int] = set()
        self._strayed: list[Request] = []

    def answer(
        self, request: Request, outcome: Outcome = "done", values: tuple[int, ...] = (), body: Body = b""
    ) -> None:
        """For the meeting points."""
        if request.number:
            met = self._open.pop((request.party, request.number))
            if outcome == "done":
                self._latest.setdefault(request.party, deque(maxlen=ANSWERS_KEPT)).append(met)
            self._replies.append(Reply(request.party, request.number, outcome, values, body))

    def anchor(self, request: Request) -> None:
        """For the meeting points."""
        if request.item is not None:
            for place in self.places.values():
                place.anchor(request.execution)

    def strayed(self, request: Request) -> None:
        """For the meeting points."""
        self._strayed.append(request)

    def sets_up(self, party: int) -> None:
        """A process has begun, and has no item before it is `ready`."""
        self._setting_up.add(party)

    def ready(self, party: int) -> None:
        """What it asks outside an item from now on is final at once."""
        self._setting_up.discard(party)

    def take_strayed(self) -> list[Request]:
        """The messages, since the last call, by which an item left the way that it had taken before."""
        strayed, self._strayed = self._strayed, []
        return strayed

    def ask(self, place: int, request: Request, *, wait: bool = True) -> list[Reply]:
        """A request comes in; unless it is to `wait`, it is answered now in any case."""
        if request.item is None and request.party in self._setting_up:
            request = replace(request, item=-1 - request.party)
        self._executions[request.execution] = None
        if request.number:
            self._open[request.party, request.number] = self.places[place], request
        self.places[place].ask(request)
        if not wait:
            self._expire(request.party, request.number)
        return self._sent()

    def expired(self, party: int, number: int) -> list[Reply]:
        """The time of a request is up; nothing, where it has been answered."""
        self._expire(party, number)
        return self._sent()

    def _expire(self, party: int, number: int) -> None:
        if (party, number) in self._open:
            place, request = self._open[party, number]
            place.expire(request)

    def withdrawn(self, party: int, number: int) -> list[Reply]:
        """Whoever asked under that number has turned away, whether it has been answered or not."""
        self._expire(party, number)
        for place, request in list(self._latest.get(party, ())):
            if request.number == number:
                place.take_back(request)
        return self._sent()

    def died(self, party: int) -> list[Reply]:
        """A process is gone. Its replacement may bear the same number."""
        for key in [key for key in self._open if key[0] == party]:
            del self._open[key]
        self._latest.pop(party, None)
        for place in self.places.values():
            place.leave(party)
        self._undo(lambda execution: execution[0] == party)
        return self._sent()

    def discarded(self, party: int, items: range) -> list[Reply]:
        """What a living process did for these items comes to nothing: others have them now."""
        self._undo(lambda execution: execution[0] == party and execution[1] in items)
        return self._sent()

    def _undo(self, concerned: Callable[[Execution], bool]) -> None:
        """Latest first, so that messages come back in their order."""
        for execution in reversed([execution for execution in self._executions if concerned(execution)]):
            for place in self.places.values():
                place.undo(execution)
            del self._executions[execution]

    def ended(self, party: int, items: range) -> list[Reply]:
        """That party's results of these items have been recorded; nothing comes of what others do for them."""
        if any(item in items for _, item in self._executions):
            self._undo(lambda execution: execution[0] != party and execution[1] in items)
            for place in self.places.values():
                place.forget(lambda item: item in items)
            self._executions = {execution: None for execution in self._executions if execution[1] not in items}
        return self._sent()

    def given_up(self, item: int) -> list[Reply]:
        """An item whose worker died will not be run again."""
        for place in self.places.values():
            place.give_up(item)
        return self._sent()

    def is_waiting(self, party: int) -> bool:
        """Whether a process has asked for something that it has not been given."""
        return any(waiting == party for waiting, _ in self._open)

    def _sent(self) -> list[Reply]:
        replies, self._replies = self._replies, []
        return replies

"""Queues and pipes: messages in a line, pure."""

from array import array
from collections import Counter, deque
from collections.abc import Callable
from hashlib import blake2b

from pooltop.rules.meeting import Body, Execution, Host, MeetingPoint, Request, drop


class Line(MeetingPoint):
    """A queue, or one direction of a pipe. Messages that were taken for nothing come back to its head.

    maxsize: how many it holds; 0 or less is unbounded. Messages that come back may be more.
    """

    def __init__(self, host: Host, maxsize: int = 0) -> None:
        super().__init__(host)
        self.messages: deque[Body] = deque()
        self.maxsize = maxsize
        self._closed = False
        self._unfinished = 0
        self._getters: list[Request] = []
        self._putters: list[Request] = []
        self._peekers: list[Request] = []
        self._joiners: list[Request] = []
        self._put: dict[int | None, array[int]] = {}
        """Digests of what each item has put."""
        self._repeated: Counter[Execution] = Counter()
        """How many of them an execution has come to."""
        self._taken: dict[Execution, list[tuple[Request, Body]]] = {}
        self._anchored: dict[int | None, int] = {}
        """How many of the messages that an item took it must find again."""
        self._kept: dict[int | None, list[Body]] = {}
        """Those, once the execution that took them has come to nothing."""
        self._finished: Counter[Execution] = Counter()

    def ask(self, request: Request) -> None:
        """`put`, `get`, `peek` (wait for a message), `size`, `close`, `task_done`, `join`."""
        match request.verb:
            case "put":
                self._put_in(request)
            case "get":
                self._get(request)
            case "peek":
                self._peek(request)
            case "join":
                self._joiners.append(request)
            case "task_done":
                self._task_done(request)
            case "close":
                self._closed = True
            case "size":
                self._host.answer(request, values=(len(self.messages),))
        self._move()

    def _put_in(self, request: Request) -> None:
        if self._has_been_here(request):
            self._host.answer(request)
        elif self._closed:
            self._host.answer(request, "closed")
        else:
            self._putters.append(request)

    def _has_been_here(self, request: Request) -> bool:
        """Whether the item put this very message at this point when it ran before."""
        before = self._put.get(request.item)
        at = self._repeated[request.execution]
        if before is None or at >= len(before):
            return False
        if before[at] == _digest(request.body):
            self._repeated[request.execution] += 1
            return True
        # It takes another way this time. What it put then has been delivered, and so is what it puts from now on.
        del before[at:]
        self._host.strayed(request)
        return False

    def _get(self, request: Request) -> None:
        kept = self._next_kept(request)
        if kept is not None:
            self._hand_over(request, kept)
        else:
            self._getters.append(request)

    def _peek(self, request: Request) -> None:
        if self._next_kept(request) is not None:
            self._host.answer(request)
        else:
            self._peekers.append(request)

    def _next_kept(self, request: Request) -> Body | None:
        """The message that the item got at this point when it ran before, where it must find it again."""
        kept = self._kept.get(request.item, ())
        at = len(self._taken.get(request.execution, ()))
        return kept[at] if at < len(kept) else None

    def _task_done(self, request: Request) -> None:
        if self._unfinished <= 0:
            self._host.answer(request, "refused")
            return
        self._unfinished -= 1
        self._finished[request.execution] += 1
        self._host.answer(request)

    def _move(self) -> None:
        """Let everything happen that now can."""
        while True:
            if self.messages and self._getters:
                self._hand_over(self._getters.pop(0), self.messages.popleft())
            elif self._putters and (self.maxsize <= 0 or len(self.messages) < self.maxsize):
                self._admit(self._putters.pop(0))
            else:
                break
        if self.messages or self._closed:
            self._answer_all(self._peekers)
        if self._closed:
            self._answer_all(self._getters, "closed")
        if self._unfinished <= 0:
            self._answer_all(self._joiners)

    def _admit(self, request: Request) -> None:
        if request.item is not None:
            self._put.setdefault(request.item, array("Q")).append(_digest(request.body))
            self._repeated[request.execution] += 1
        self._unfinished += 1
        self.messages.append(request.body)
        self._host.anchor(request)
        self._host.answer(request)

    def _hand_over(self, request: Request, body: Body) -> None:
        if request.item is not None:
            self._taken.setdefault(request.execution, []).append((request, body))
        self._host.answer(request, body=body)

    def expire(self, request: Request) -> None:
        """The time of one that waits is up."""
        for waiting in (self._getters, self._putters, self._peekers, self._joiners):
            if request in waiting:
                waiting.remove(request)
        self._host.answer(request, "timeout")

    def take_back(self, request: Request) -> None:
        """A message that nobody has seen is the next one again."""
        taken = self._taken.get(request.execution, [])
        for place, (asked, body) in enumerate(taken):
            if asked is request:
                del taken[place]
                self.messages.appendleft(body)
        self._move()

    def leave(self, party: int) -> None:
        """A party waits no more: it is dead."""
        for waiting in (self._getters, self._putters, self._peekers, self._joiners):
            waiting[:] = [request for request in waiting if request.party != party]

    def anchor(self, execution: Execution) -> None:
        """The item is to find again what it has taken so far."""
        taken = len(self._taken.get(execution, ()))
        self._anchored[execution[1]] = max(taken, self._anchored.get(execution[1], 0))

    def undo(self, execution: Execution) -> None:
        """What it took comes back, or waits for the item to be run again; its `task_done`s have not been."""
        item = execution[1]
        taken = [body for _, body in self._taken.pop(execution, [])]
        anchored = self._anchored.get(item, 0)
        self._kept[item] = max(self._kept.get(item, []), taken[:anchored], key=len)
        self.messages.extendleft(reversed(taken[anchored:]))
        self._unfinished += self._finished.pop(execution, 0)
        self._repeated.pop(execution, None)
        self._move()

    def forget(self, done: Callable[[int | None], bool]) -> None:
        """What these items took is used up; what was kept for one that took less this time is not."""
        for item in list(filter(done, self._kept)):
            took = max((len(bodies) for execution, bodies in self._taken.items() if execution[1] == item), default=0)
            self.messages.extendleft(reversed(self._kept[item][took:]))
        drop(self._put, done)
        drop(self._kept, done)
        drop(self._anchored, done)
        drop(self._taken, lambda execution: done(execution[1]))
        drop(self._finished, lambda execution: done(execution[1]))
        drop(self._repeated, lambda execution: done(execution[1]))
        self._move()

    def give_up(self, item: int) -> None:
        """What was kept for the item goes to others."""
        self.messages.extendleft(reversed(self._kept.pop(item, [])))
        self._put.pop(item, None)
        self._anchored.pop(item, None)
        self._move()


def _digest(body: Body) -> int:
    return int.from_bytes(blake2b(body, digest_size=8).digest())

"""What a workload's workers share, on the supervisor's side: makes it, brokers it, shows it.

Memory and locks work without the supervisor: it makes them, hands them out and looks at them. Queues, pipes,
semaphores, events, barriers and conditions live here, in the `Broker`; workers ask for them over their channels.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from ctypes import c_uint64
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from pooltop import shared
from pooltop.children.shared.commons import Commons, numbered
from pooltop.figures import plural
from pooltop.model import SharedKind, SharedObject, Wait, WorkerState
from pooltop.rules.broker import Broker, Reply
from pooltop.rules.lines import Line
from pooltop.rules.meeting import MeetingPoint, Request
from pooltop.rules.signals import Bell, Flag, Gate, Permits
from pooltop.run.shared_memory import content, made_memory
from pooltop.wire.channel import Body
from pooltop.wire.descriptor import PassedDescriptor
from pooltop.wire.messages import Abandoned, Answer, Call, Message, Withdraw
from pooltop.wire.slots import MOST_WORKERS, Slot

WAITS: Mapping[SharedKind, WorkerState] = {
    "Queue": "queue wait",
    "JoinableQueue": "queue wait",
    "Pipe": "queue wait",
    "Event": "event wait",
    "Barrier": "event wait",
    "Condition": "event wait",
}

Concern: TypeAlias = Call | Withdraw | Abandoned
"""The messages of children that are for here."""
Send: TypeAlias = Callable[[Message, Body], None]


class Party(NamedTuple):
    """A process that may use the shared objects, and its place in shared memory."""

    number: int
    pid: int
    slot: Slot


class Sharing:
    """One set of shared objects, the baseline's or the pool's; parties are known by their slot's number.

    Raises WorkloadError where there is no room for it.
    """

    def __init__(
        self,
        described: Mapping[str, shared.Description],
        context: BaseContext,
        lock_file: Path,
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._described = described
        self._numbers = numbered(described)
        self._names = {number: name for name, number in self._numbers.items()}
        self._on_event = on_event
        self._senders: dict[int, Send] = {}
        self._party_of: dict[int, int] = {}
        self._timers: dict[tuple[int, int], asyncio.TimerHandle] = {}
        self._buried: set[tuple[int, int]] = set()
        self.died_holding: Counter[str] = Counter()
        """How many processes died while they held that lock."""
        self.strayed: Counter[str] = Counter()
        """How many items put something else into that queue or pipe when they ran again."""
        self._broker = Broker()
        for name, description in described.items():
            self._broker.places |= _places(description, self._numbers[name], self._broker)
        self._memory = made_memory(described, context)
        self._owners = context.RawArray(c_uint64, len(described) * 2 + 1)
        self._owner_words = memoryview(cast(bytes, self._owners)).cast("B").cast("Q")
        self._lock_file = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @property
    def commons(self) -> Commons | None:
        """What each process is given; None where nothing is shared."""
        if not self._described:
            return None
        return Commons(dict(self._described), self._memory, self._owners, PassedDescriptor(self._lock_file))

    def close(self) -> None:
        """Nobody uses it any more."""
        os.close(self._lock_file)

    # What parties do

    def join(self, number: int, pid: int, send: Send, *, sets_up: bool = False) -> None:
        """A process is there, and is sent its answers by `send`; one that `sets_up` runs no item before it is ready."""
        self._senders[number] = send
        self._party_of[pid] = number
        if sets_up:
            self._broker.sets_up(number)

    def ready(self, number: int) -> None:
        """A process has set up everything."""
        self._broker.ready(number)

    def message(self, number: int, message: Concern, body: Body) -> None:
        """A party asks, turns away from what it has asked, or reports what it has found."""
        match message:
            case Call():
                self._ask(number, message, body)
            case Withdraw(request):
                self._send(self._broker.withdrawn(number, request))
            case Abandoned(place, pid):
                self._died_holding(place, pid)

    def _ask(self, number: int, call: Call, body: Body) -> None:
        request = Request(number, call.request, call.verb, call.item, call.amount, body)
        if call.timeout:
            loop = asyncio.get_running_loop()
            self._timers[number, call.request] = loop.call_later(call.timeout, self._expire, number, call.request)
        self._send(self._broker.ask(call.number, request, wait=call.timeout != 0))
        for strayed in self._broker.take_strayed():
            self._has_strayed(strayed, self._name(call.number))

    def leave(self, number: int, pid: int) -> None:
        """A process is gone: others go on, and what it had in hand is undone."""
        for place, owner in enumerate(self._owner_words):
            if owner == pid:
                self._died_holding(place, pid)
        self._senders.pop(number, None)
        for request in [request for request in self._timers if request[0] == number]:
            self._timers.pop(request).cancel()  # the replacement's requests will have the same numbers
        self._send(self._broker.died(number))

    def ended(self, number: int, items: range) -> None:
        """That party's results of these items have been recorded."""
        self._send(self._broker.ended(number, items))

    def discarded(self, number: int, items: range) -> None:
        """These items' results were not wanted from that party."""
        self._send(self._broker.discarded(number, items))

    def given_up(self, item: int) -> None:
        """An item whose worker died will not run again."""
        self._send(self._broker.given_up(item))

    def _expire(self, number: int, request: int) -> None:
        self._send(self._broker.expired(number, request))

    def _send(self, replies: Iterable[Reply]) -> None:
        for reply in replies:
            timer = self._timers.pop((reply.party, reply.number), None)
            if timer is not None:
                timer.cancel()
            send = self._senders.get(reply.party)
            if send is not None:
                send(Answer(reply.number, reply.outcome, reply.values), reply.body)

    def _died_holding(self, place: int, pid: int) -> None:
        if (place, pid) not in self._buried:
            self._buried.add((place, pid))
            name = self._names[place]
            self.died_holding[name] += 1
            self._on_event(f"{self._called(pid)} died holding {name}")

    def _has_strayed(self, request: Request, name: str) -> None:
        self.strayed[name] += 1
        self._on_event(f"item {request.item} puts something else into {name} than before its worker died; both stay")

    def _called(self, pid: int) -> str:
        number = self._party_of.get(pid)
        return f"process {pid}" if number is None else f"worker {number} ({pid})"

    # How it looks

    def notes(self, run_again: int) -> tuple[str, ...]:
        """What may have put shared memory off; `run_again` counts items that ran again after a death."""
        if not self._described:
            return ()
        inside = [
            f"{'one worker' if count == 1 else plural(count, 'worker')} died inside the critical section of {name}"
            for name, count in self.died_holding.items()
        ]
        strayed = [
            f"{plural(count, 'item')} put something else into {name} after a death"
            for name, count in self.strayed.items()
        ]
        return (*inside, *strayed, *([f"{plural(run_again, 'item')} ran again after a death"] if run_again else []))

    def wait_state(self, slot: Slot) -> tuple[WorkerState, str] | None:
        """What state it is to wait as this process does, and the name of what it waits for; None where it does not."""
        wait = slot.wait()
        if wait is None:
            return None
        name = self._name(wait.number)
        return WAITS.get(_kind(self._described[name]), "lock wait"), name

    def objects(self, parties: Iterable[Party]) -> tuple[SharedObject, ...]:
        """All of it, as it is now."""
        everybody = list(parties)
        waits = self._waits(everybody)
        at = {party.pid: party.number for party in everybody}
        return tuple(
            self._object(name, description, at, waits.get(name, [])) for name, description in self._described.items()
        )

    def deadlock(self, parties: Iterable[Party], idle: Iterable[Party] = ()) -> str:
        """Why none of these processes will ever go on by itself; "" where one may.

        The `idle` ones have nothing to do and never will: a lock that they hold is lost.
        """
        everybody = list(parties)
        holders = {party.pid: "" for party in everybody} | {party.pid: ", which has no item" for party in idle}
        told = [self._stuck(party, holders) for party in everybody]
        return "; ".join(told) if told and all(told) else ""

    def _stuck(self, party: Party, holders: Mapping[int, str]) -> str:
        wait = party.slot.wait()
        if wait is None or not wait.endless:
            return ""
        name = self._name(wait.number)
        owner = self._owner_words[wait.number]
        who = self._title(party.number)
        if self._broker.is_waiting(party.number):
            return f"{who} waits for {name}"
        if owner == party.pid:
            return f"{who} waits for {name}, which it holds itself"
        if owner in holders:
            return f"{who} waits for {name}, held by {self._title(self._party_of[owner])}{holders[owner]}"
        return ""

    @staticmethod
    def _title(number: int) -> str:
        return f"worker {number}" if 0 < number <= MOST_WORKERS else "the only process"

    def _name(self, number: int) -> str:
        return self._names.get(number) or self._names[number - 1]

    def _waits(self, parties: Iterable[Party]) -> dict[str, list[Wait]]:
        now = time.monotonic_ns()
        waits: dict[str, list[Wait]] = {}
        for party in parties:
            wait = party.slot.wait()
            if wait is not None:
                seconds = max(0.0, (now - wait.since) / 1e9)
                waits.setdefault(self._name(wait.number), []).append(Wait(party.number, seconds))
        return {name: sorted(found, key=lambda wait: -wait.seconds) for name, found in waits.items()}

    def _object(
        self, name: str, description: shared.Description, at: Mapping[int, int], waits: list[Wait]
    ) -> SharedObject:
        number = self._numbers[name]
        value, size, cells = content(description, self._memory.get(name))
        depth, capacity = None, None
        match self._broker.places.get(number):
            case Line() as line:
                back = self._broker.places.get(number + 1) if isinstance(description, shared.Pipe) else None
                depth = len(line.messages) + (len(back.messages) if isinstance(back, Line) else 0)
                capacity = line.maxsize if line.maxsize > 0 else None
            case Permits() as permits:
                value = permits.value
            case Flag() as flag:
                value = flag.is_set
            case Gate() as gate:
                depth, capacity = gate.waiting, gate.parties
        return SharedObject(
            name=name,
            kind=_kind(description),
            value=value,
            size=size,
            cells=cells,
            depth=depth,
            capacity=capacity,
            holder=at.get(self._owner_words[number]),
            waits=tuple(waits),
        )


def _kind(description: shared.Description) -> SharedKind:
    return cast(SharedKind, type(description).__name__)


def _places(description: shared.Description, number: int, broker: Broker) -> dict[int, MeetingPoint]:
    """The meeting points of one object."""
    match description:
        case shared.Queue(maxsize=int(maxsize)) | shared.JoinableQueue(maxsize=int(maxsize)):
            return {number: Line(broker, maxsize)}
        case shared.Pipe(duplex):
            return {place: Line(broker) for place in range(number, number + 1 + duplex)}
        case shared.Semaphore(value=int(value)):
            return {number: Permits(broker, value)}
        case shared.Event():
            return {number: Flag(broker)}
        case shared.Barrier(parties=int(parties)):
            return {number: Gate(broker, parties)}
        case shared.Condition():
            return {number: Bell(broker)}
    return {}

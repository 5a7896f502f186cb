"""The broker of queues, semaphores, events, barriers and conditions: whoever dies, what is due comes exactly once."""

from collections.abc import Callable, Generator
from itertools import count
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.rules.broker import Broker, Reply
from pooltop.rules.lines import Line
from pooltop.rules.meeting import Request
from pooltop.rules.signals import Bell, Flag, Gate, Permits

PLACE = 0


class Desk:
    """A broker with one meeting point, and the parties' side of it."""

    def __init__(self, kind: Callable[..., Any], *arguments: int) -> None:
        self.broker = Broker()
        self.place = kind(self.broker, *arguments)
        self.broker.places[PLACE] = self.place
        self.replies: dict[tuple[int, int], Reply] = {}
        self._numbers = count(1)

    def ask(
        self, party: int, verb: str, *, item: int | None = None, wait: bool = True, amount: int = 1,
        body: bytes = b"",
    ) -> tuple[int, int]:  # fmt: skip
        """Ask; the key of the reply, when there is one."""
        number = next(self._numbers)
        request = Request(party, number, verb, item, amount, body)
        self.note(self.broker.ask(PLACE, request, wait=wait))
        return party, number

    def note(self, replies: list[Reply]) -> None:
        """What goes out."""
        for reply in replies:
            key = reply.party, reply.number
            assert key not in self.replies, "answered twice"
            self.replies[key] = reply

    def outcome(self, key: tuple[int, int]) -> str:
        """How it was answered, "" so far not at all."""
        return self.replies[key].outcome if key in self.replies else ""

    def get(self, party: int, item: int) -> bytes | None:
        """A message, None where there is none now."""
        reply = self.replies[self.ask(party, "get", item=item, wait=False)]
        return bytes(reply.body) if reply.outcome == "done" else None


# Queues


def test_a_message_goes_to_whoever_waits_longest() -> None:
    desk = Desk(Line)
    first, second = desk.ask(1, "get"), desk.ask(2, "get")
    desk.ask(3, "put", body=b"a")
    assert (desk.outcome(first), desk.outcome(second)) == ("done", "")
    assert desk.replies[first].body == b"a"


def test_a_full_queue_lets_nobody_put_until_there_is_room() -> None:
    desk = Desk(Line, 1)
    assert desk.outcome(desk.ask(1, "put", body=b"a")) == "done"
    assert desk.outcome(desk.ask(1, "put", body=b"b", wait=False)) == "timeout"
    waiting = desk.ask(1, "put", body=b"c")
    assert not desk.outcome(waiting)
    assert desk.get(2, item=7) == b"a"
    assert desk.outcome(waiting) == "done"
    assert [desk.get(2, item=7) for _ in (1, 2)] == [b"c", None]


def test_what_a_dead_one_took_goes_to_the_next_in_its_order() -> None:
    desk = Desk(Line)
    for body in (b"a", b"b", b"c"):
        desk.ask(1, "put", body=body)
    assert [desk.get(2, item=5) for _ in range(2)] == [b"a", b"b"]
    waiting = desk.ask(3, "get", item=6)
    assert desk.replies[waiting].body == b"c"
    also_waiting = desk.ask(3, "get", item=6)
    desk.note(desk.broker.died(2))
    assert desk.replies[also_waiting].body == b"a", "one that waits is served at once"
    assert desk.get(2, item=5) == b"b"


def test_a_dead_one_that_waited_gets_nothing() -> None:
    desk = Desk(Line)
    desk.ask(1, "get")
    desk.note(desk.broker.died(1))
    desk.ask(2, "put", body=b"a")
    assert desk.get(1, item=0) == b"a"


def test_a_message_that_is_put_again_is_delivered_once() -> None:
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(1, "put", item=3, body=body)
    desk.note(desk.broker.died(1))
    for body in (b"a", b"b", b"c"):
        assert desk.outcome(desk.ask(1, "put", item=3, body=body)) == "done"
    assert list(desk.place.messages) == [b"a", b"b", b"c"]


def test_an_item_that_has_put_finds_the_same_messages_again() -> None:
    """Between two stages: what it puts depends on what it gets, so it must get the same."""
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(9, "put", body=body)
    assert desk.get(1, item=3) == b"a"
    desk.ask(1, "put", item=3, body=b"A")
    desk.note(desk.broker.died(1))
    assert desk.get(2, item=4) == b"b", "not what is kept for item 3"
    assert desk.get(1, item=3) == b"a"


def test_what_an_item_took_after_its_last_put_goes_to_others() -> None:
    """They need not wait until its worker has been replaced."""
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(9, "put", body=body)
    desk.get(1, item=3)
    desk.ask(1, "put", item=3, body=b"A")
    desk.get(1, item=3)
    desk.note(desk.broker.died(1))
    assert [desk.get(2, item=4) for _ in range(3)] == [b"b", b"A", None]
    assert desk.get(1, item=3) == b"a"


def test_what_is_kept_for_an_item_goes_to_others_when_it_is_given_up() -> None:
    desk = Desk(Line)
    desk.ask(9, "put", body=b"a")
    desk.get(1, item=3)
    desk.ask(1, "put", item=3, body=b"A")
    desk.note(desk.broker.died(1))
    waiting = desk.ask(2, "get", item=4)
    assert desk.replies[waiting].body == b"A"
    desk.note(desk.broker.given_up(3))
    assert desk.get(2, item=4) == b"a"


def test_what_was_kept_for_an_item_that_took_less_is_not_lost() -> None:
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(9, "put", body=body)
    for _ in range(2):
        desk.get(1, item=3)
    desk.ask(1, "put", item=3, body=b"A")
    desk.note(desk.broker.died(1))
    assert desk.get(1, item=3) == b"a"
    desk.note(desk.broker.ended(1, range(3, 4)))
    assert [desk.get(2, item=4) for _ in range(3)] == [b"b", b"A", None]


def test_join_waits_until_all_is_done_and_a_death_undoes_what_it_had_done() -> None:
    desk = Desk(Line)
    desk.ask(9, "put", body=b"a")
    joined = desk.ask(8, "join")
    assert desk.get(1, item=3) == b"a"
    assert not desk.outcome(joined)
    desk.ask(1, "task_done", item=3)
    assert desk.outcome(joined) == "done"
    desk.note(desk.broker.died(1))
    assert not desk.outcome(desk.ask(8, "join")), "the message is there again"
    assert desk.get(2, item=3) == b"a"
    assert desk.outcome(desk.ask(2, "task_done", item=3)) == "done"
    assert desk.outcome(desk.ask(2, "task_done", item=3)) == "refused"


def test_the_end_of_a_pipe_comes_after_what_was_sent() -> None:
    desk = Desk(Line)
    waiting, looking = desk.ask(2, "get"), desk.ask(3, "peek")
    desk.ask(1, "put", body=b"a")
    desk.ask(1, "close")
    assert desk.replies[waiting].body == b"a"
    assert desk.outcome(looking) == "done"
    assert desk.outcome(desk.ask(2, "get")) == "closed"
    assert desk.outcome(desk.ask(1, "put", body=b"b")) == "closed"


def test_what_was_not_wanted_from_a_living_one_comes_back() -> None:
    desk = Desk(Line)
    desk.ask(9, "put", body=b"a")
    desk.get(1, item=3)
    desk.note(desk.broker.discarded(1, range(3, 4)))
    assert desk.get(2, item=3) == b"a"


SENT = 4
END = b"end"
Step: TypeAlias = tuple[str, int, bytes]
Code: TypeAlias = Generator[Step, bytes, list[bytes]]
"""The code of an item: yields what it asks for, is sent what it gets, and returns its result."""


def producer(name: bytes) -> Code:
    for number in range(SENT):
        yield "put", 0, b"%b%d" % (name, number)
    yield "put", 0, END
    return []


def stage() -> Code:
    """Between two queues: what it puts depends on what it gets."""
    while True:
        body = yield "get", 0, b""
        yield "put", 1, body
        if body == END:
            return []


def consumer() -> Code:
    got: list[bytes] = []
    while got.count(END) < 2:
        got.append((yield "get", 1, b""))
    return got


CODES: list[Callable[[], Code]] = [lambda: producer(b"a"), lambda: producer(b"b"), stage, stage, consumer]


class Pipeline:
    """Two producers, two stages and a consumer, each an item in a process of its own that may be killed."""

    def __init__(self, maxsize: int) -> None:
        self.broker = Broker()
        self.broker.places = {0: Line(self.broker, maxsize), 1: Line(self.broker, maxsize)}
        self.results: dict[int, list[bytes]] = {}
        self._numbers = count(1)
        self._codes: dict[int, Code] = {}
        self._asked: dict[int, tuple[int, Step]] = {}
        self._replies: dict[tuple[int, int], bytes] = {}
        for item in range(len(CODES)):
            self._begin(item)

    def _begin(self, item: int) -> None:
        self._codes[item] = CODES[item]()
        self._ask(item, next(self._codes[item]))

    def kill(self, item: int) -> None:
        """It is run again from its start."""
        if item not in self.results:
            self._deliver(self.broker.died(item))
            self._begin(item)

    def step(self, item: int) -> bool:
        """Let an item go on, if it has what it has asked for."""
        number, _ = self._asked.get(item, (0, None))
        if (item, number) not in self._replies:
            return False
        del self._asked[item]
        try:
            self._ask(item, self._codes[item].send(self._replies.pop((item, number))))
        except StopIteration as ended:
            self.results[item] = ended.value
            self._deliver(self.broker.ended(item, range(item, item + 1)))
        return True

    def _ask(self, item: int, step: Step) -> None:
        verb, place, body = step
        number = next(self._numbers)
        self._asked[item] = number, step
        request = Request(item, number, verb, item, 1, body)
        self._deliver(self.broker.ask(place, request))

    def _deliver(self, replies: list[Reply]) -> None:
        self._replies.update({(reply.party, reply.number): bytes(reply.body) for reply in replies})


@given(
    events=st.lists(st.tuples(st.integers(0, len(CODES) - 1), st.integers(0, 4)), max_size=150), size=st.integers(0, 3)
)
def test_through_any_deaths_every_message_is_used_once(events: list[tuple[int, int]], size: int) -> None:
    pipeline = Pipeline(size)
    for item, luck in events:
        if luck == 0:
            pipeline.kill(item)
        else:
            pipeline.step(item)
    while any(pipeline.step(item) for item in range(len(CODES))):
        pass
    assert len(pipeline.results) == len(CODES), "it stands still"
    expected = [b"%b%d" % (name, number) for name in (b"a", b"b") for number in range(SENT)]
    assert sorted(pipeline.results[4]) == sorted([*expected, END, END])


def test_an_item_that_puts_something_else_when_it_runs_again_has_both_delivered_and_that_is_told() -> None:
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(1, "put", item=3, body=body)
    desk.note(desk.broker.died(1))
    for body in (b"a", b"x", b"b"):
        desk.ask(1, "put", item=3, body=body)
    assert list(desk.place.messages) == [b"a", b"b", b"x", b"b"]
    assert [request.body for request in desk.broker.take_strayed()] == [b"x"]
    assert desk.broker.take_strayed() == []


def test_an_attempt_that_found_the_queue_full_is_no_put() -> None:
    """When the item runs again it may find room at once."""
    desk = Desk(Line, 1)
    desk.ask(1, "put", item=3, body=b"a")
    assert desk.outcome(desk.ask(1, "put", item=3, body=b"b", wait=False)) == "timeout"
    assert desk.get(2, item=4) == b"a"
    desk.ask(1, "put", item=3, body=b"b")
    desk.note(desk.broker.died(1))
    for body in (b"a", b"b", b"c"):
        desk.ask(1, "put", item=3, body=body, wait=body != b"c")
    assert list(desk.place.messages) == [b"b"]


def test_what_a_process_does_before_its_first_item_is_done_again_by_the_next_in_its_slot() -> None:
    desk = Desk(Line)
    desk.ask(9, "put", body=b"a")
    desk.broker.sets_up(1)
    desk.ask(1, "put", body=b"hello")
    assert bytes(desk.replies[desk.ask(1, "get")].body) == b"a"
    desk.note(desk.broker.died(1))
    assert list(desk.place.messages) == [b"a", b"hello"]
    desk.broker.sets_up(1)
    desk.ask(1, "put", body=b"hello")
    assert list(desk.place.messages) == [b"a", b"hello"], "the same as before"
    desk.broker.ready(1)
    desk.ask(1, "put", body=b"more")
    assert list(desk.place.messages) == [b"a", b"hello", b"more"]


def test_one_that_turns_away_leaves_its_message_to_others() -> None:
    desk = Desk(Line)
    waiting = desk.ask(1, "get", item=3)
    desk.note(desk.broker.withdrawn(*waiting))
    desk.ask(9, "put", body=b"a")
    late = desk.ask(1, "get", item=3)
    assert desk.replies[late].body == b"a"
    desk.note(desk.broker.withdrawn(*late))
    desk.note(desk.broker.withdrawn(*late))
    assert desk.get(2, item=4) == b"a"
    assert desk.get(2, item=4) is None


def test_what_another_execution_of_an_ended_item_took_comes_back() -> None:
    desk = Desk(Line)
    for body in (b"a", b"b"):
        desk.ask(9, "put", body=body)
    assert desk.get(1, item=3) == b"a"
    assert desk.get(2, item=3) == b"b"
    desk.note(desk.broker.ended(2, range(3, 4)))
    assert list(desk.place.messages) == [b"a"]


# Semaphores


def test_permits_of_the_dead_return() -> None:
    desk = Desk(Permits, 1)
    assert desk.outcome(desk.ask(1, "acquire", item=3)) == "done"
    waiting = desk.ask(2, "acquire", item=4)
    assert not desk.outcome(waiting)
    desk.note(desk.broker.died(1))
    assert desk.outcome(waiting) == "done"


def test_permits_that_a_dead_one_gave_are_taken_back() -> None:
    desk = Desk(Permits, 0)
    for _ in range(2):
        desk.ask(1, "release", item=3)
    assert desk.outcome(desk.ask(2, "acquire", item=4)) == "done"
    desk.note(desk.broker.died(1))
    assert desk.place.value == -1, "one of them is used already"
    for _ in range(2):
        desk.ask(1, "release", item=3)
    assert desk.place.value == 1


def test_permits_of_the_ended_stay_as_they_are() -> None:
    desk = Desk(Permits, 2)
    desk.ask(1, "acquire", item=3)
    desk.note(desk.broker.ended(1, range(3, 4)))
    desk.note(desk.broker.died(1))
    assert desk.place.value == 1


def test_one_that_waits_too_long_for_a_permit_waits_no_more() -> None:
    desk = Desk(Permits, 0)
    waiting = desk.ask(1, "acquire")
    desk.note(desk.broker.expired(*waiting))
    assert desk.outcome(waiting) == "timeout"
    desk.ask(2, "release")
    assert desk.place.value == 1
    desk.note(desk.broker.expired(*waiting))


# Events


def test_an_event_lets_all_go_on() -> None:
    desk = Desk(Flag)
    waiting = [desk.ask(party, "wait") for party in (1, 2)]
    desk.ask(3, "set")
    assert [desk.outcome(key) for key in waiting] == ["done", "done"]
    desk.ask(3, "clear")
    assert desk.outcome(desk.ask(1, "wait", wait=False)) == "timeout"


# Barriers


def test_a_barrier_opens_when_all_are_there() -> None:
    desk = Desk(Gate, 2)
    first = desk.ask(1, "wait", item=1)
    assert not desk.outcome(first)
    second = desk.ask(2, "wait", item=2)
    assert [desk.replies[key].values for key in (first, second)] == [(0,), (1,)]


def test_one_that_dies_at_a_barrier_is_not_there() -> None:
    desk = Desk(Gate, 2)
    desk.ask(1, "wait", item=1)
    desk.note(desk.broker.died(1))
    second = desk.ask(2, "wait", item=2)
    assert not desk.outcome(second)
    desk.ask(1, "wait", item=1)
    assert desk.outcome(second) == "done"


def test_one_that_has_passed_passes_at_once_when_it_comes_again() -> None:
    desk = Desk(Gate, 2)
    for party in (1, 2):
        desk.ask(party, "wait", item=party)
    desk.note(desk.broker.died(1))
    assert desk.replies[desk.ask(1, "wait", item=1)].values == (0,)
    assert not desk.outcome(desk.ask(1, "wait", item=1)), "the second time it waits"


def test_a_barrier_that_somebody_waited_at_too_long_is_broken_until_it_is_reset() -> None:
    desk = Desk(Gate, 3)
    first, second = desk.ask(1, "wait"), desk.ask(2, "wait")
    desk.note(desk.broker.expired(*first))
    assert [desk.outcome(key) for key in (first, second)] == ["broken", "broken"]
    assert desk.outcome(desk.ask(1, "wait")) == "broken"
    desk.ask(1, "reset")
    assert not desk.outcome(desk.ask(1, "wait"))


# Conditions


@pytest.mark.parametrize("early", [True, False], ids=["rung before it waits", "rung while it waits"])
def test_no_ring_is_missed_by_one_that_has_enlisted(early: bool) -> None:
    desk = Desk(Bell)
    enlisted = desk.ask(1, "enlist", item=3)
    if early:
        desk.ask(2, "notify")
    waiting = desk.ask(1, "wait", item=3, amount=enlisted[1])
    if not early:
        assert not desk.outcome(waiting)
        desk.ask(2, "notify")
    assert desk.outcome(waiting) == "done"


def test_a_ring_is_for_as_many_as_it_says() -> None:
    desk = Desk(Bell)
    waiting = [desk.ask(party, "wait", amount=desk.ask(party, "enlist")[1]) for party in (1, 2, 3)]
    desk.ask(9, "notify", amount=2)
    assert [desk.outcome(key) for key in waiting] == ["done", "done", ""]


def test_a_ring_is_not_spent_on_the_dead() -> None:
    desk = Desk(Bell)
    for party in (1, 2):
        key = desk.ask(party, "wait", amount=desk.ask(party, "enlist")[1])
    desk.note(desk.broker.died(1))
    desk.ask(9, "notify")
    assert desk.outcome(key) == "done"


def test_one_that_heard_the_ring_does_not_wait_for_it_again() -> None:
    desk = Desk(Bell)
    waiting = desk.ask(1, "wait", item=3, amount=desk.ask(1, "enlist", item=3)[1])
    desk.ask(2, "notify")
    assert desk.outcome(waiting) == "done"
    desk.note(desk.broker.died(1))
    again = desk.ask(1, "wait", item=3, amount=desk.ask(1, "enlist", item=3)[1])
    assert desk.outcome(again) == "done"


def test_one_that_turns_away_from_a_condition_hears_no_ring_in_place_of_others() -> None:
    desk = Desk(Bell)
    gone = desk.ask(1, "enlist")
    desk.ask(1, "unlist", amount=gone[1])
    other = desk.ask(2, "wait", amount=desk.ask(2, "enlist")[1])
    late = desk.ask(3, "enlist")
    desk.note(desk.broker.withdrawn(*late))
    desk.ask(9, "notify")
    assert desk.outcome(other) == "done"

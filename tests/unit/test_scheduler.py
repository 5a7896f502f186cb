"""The rules of the pool under random interleavings of deliveries, deaths, pauses and resizes.

`World` plays feeder, workers and supervisor; the invariants: every item ends exactly once, nothing is given twice at a
time, and once the disturbances stop the run comes to its end.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pooltop import actions as rules
from pooltop.actions import Begun, Range
from pooltop.scheduler import Scheduler


@dataclass
class FakeWorker:
    ready: bool = False
    retiring: bool = False
    frozen: bool = False
    recalled_up_to: int = 0
    queue: list[tuple[int, Range]] = field(default_factory=list)
    position: int = 0
    """Where the next item of the range at the queue's head begins."""


class World:
    """Feeder, workers and supervisor, as obedient as real ones but without processes."""

    def __init__(self, items: int, workers: int, retries: int, chunksize: int | None) -> None:
        self.scheduler = Scheduler(workers, retries=retries, chunksize=chunksize)
        self.left = items
        self.items = items
        self.workers: dict[int, FakeWorker] = {}
        self.asks: list[int] = []
        self.ended: Counter[int] = Counter()
        self.failures: dict[int, rules.Fail] = {}
        self.strikes: Counter[int] = Counter()
        self.first: dict[int, int] = {}
        self.chunk_numbers = itertools.count()
        self.do(self.scheduler.start())

    def do(self, actions: list[rules.Action]) -> None:
        for action in actions:
            match action:
                case rules.Ask(n):
                    self.asks.append(n)
                case rules.Spawn(slot):
                    assert slot not in self.workers
                    self.workers[slot] = FakeWorker()
                case rules.Remove(slot):
                    assert slot not in self.workers
                case rules.Give(slot, ticket, piece):
                    assert piece.lo < piece.hi
                    self.workers[slot].queue.append((ticket, piece))
                case rules.Retire(slot):
                    self.recall(slot)
                    self.workers[slot].retiring = True
                case rules.Recall(slot):
                    self.recall(slot)
                case rules.Accept(piece):
                    for position in range(piece.lo, piece.hi):
                        self.end(piece.chunk, position)
                case rules.Fail(chunk, position):
                    self.failures[self.first[chunk] + position] = action
                    self.end(chunk, position)
                case rules.Kill(slot):
                    self.kill(slot, asked=True)
                case rules.Forget(chunk):
                    del self.first[chunk]

    def recall(self, slot: int) -> None:
        worker = self.workers[slot]
        worker.recalled_up_to = max([worker.recalled_up_to, *(ticket for ticket, _ in worker.queue)])

    def end(self, chunk: int, position: int) -> None:
        self.ended[self.first[chunk] + position] += 1

    def feed(self) -> None:
        if not self.asks or self.scheduler.source_ended:
            return
        count = min(self.asks.pop(0), self.left)
        if count:
            chunk = next(self.chunk_numbers)
            self.first[chunk] = self.items - self.left
            self.left -= count
            self.do(self.scheduler.items_came(chunk, count, 100 * count))
        if not self.left:
            self.do(self.scheduler.source_ends())

    def work(self, slot: int, items: int) -> None:
        worker = self.workers[slot]
        if worker.frozen:
            return
        if not worker.ready:
            worker.ready = True
            self.do(self.scheduler.worker_ready(slot))
        elif not worker.queue:
            if worker.retiring:
                self.kill(slot, asked=True)
        else:
            ticket, piece = worker.queue[0]
            start = max(piece.lo, worker.position)
            recalled = ticket <= worker.recalled_up_to
            upto = start if recalled else min(start + items, piece.hi)
            worker.queue.pop(0)
            worker.position = 0
            self.do(self.scheduler.returned(slot, ticket, piece._replace(hi=upto), seconds=0.001 * items))

    def begin(self, slot: int) -> None:
        """The worker has an item in hand (its slot says so) but has not finished it."""
        worker = self.workers[slot]
        if worker.queue and worker.ready and not worker.frozen:
            ticket, piece = worker.queue[0]
            if ticket > worker.recalled_up_to:
                worker.position = min(max(piece.lo, worker.position) + 1, piece.hi)

    def begun(self, slot: int) -> Begun | None:
        worker = self.workers[slot]
        if not worker.queue or not worker.position:
            return None
        ticket, _ = worker.queue[0]
        return Begun(ticket, worker.position - 1, worker.position, "running")

    def kill(self, slot: int, *, asked: bool, skip: bool = False) -> None:
        begun = self.begun(slot)
        claim = self.scheduler.claim(slot, begun.ticket) if begun else None
        worker = self.workers.pop(slot)
        if begun and claim and not asked and begun.hi <= claim.hi:
            self.strikes[self.first[worker.queue[0][1].chunk] + begun.lo] += 1
        self.do(self.scheduler.died(slot, begun, asked=asked, reason="SIGKILL", skip=skip))

    def freeze(self, slot: int) -> None:
        worker = self.workers[slot]
        if worker.ready and not worker.frozen:
            worker.frozen = True
            self.do(self.scheduler.froze(slot, "stopped", self.begun(slot)))

    def thaw(self, slot: int) -> None:
        if self.workers[slot].frozen:
            self.workers[slot].frozen = False
            self.do(self.scheduler.thawed(slot))

    def settle(self) -> None:
        """No more disturbances: the run must come to its end."""
        self.do(self.scheduler.resume())
        for now in range(10_000):
            if self.scheduler.complete:
                return
            self.feed()
            for slot in list(self.workers):
                if slot in self.workers:
                    self.work(slot, 7)
            self.do(self.scheduler.tick(float(now)))
        raise AssertionError("the run does not come to its end")

    def let_the_retiring_go(self) -> None:
        for slot in [slot for slot, worker in self.workers.items() if worker.retiring]:
            self.kill(slot, asked=True)


class Interleavings(RuleBasedStateMachine):
    world: World

    @initialize(
        items=st.integers(0, 60),
        workers=st.integers(1, 5),
        retries=st.integers(0, 3),
        chunksize=st.none() | st.integers(1, 9),
    )
    def begin_run(self, items: int, workers: int, retries: int, chunksize: int | None) -> None:
        self.world = World(items, workers, retries, chunksize)

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.world.workers)))

    @rule()
    def feed(self) -> None:
        self.world.feed()

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), items=st.integers(1, 20))
    def work(self, data: st.DataObject, items: int) -> None:
        self.world.work(self.pick(data), items)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.world.begin(self.pick(data))

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), asked=st.booleans(), skip=st.booleans())
    def kill(self, data: st.DataObject, asked: bool, skip: bool) -> None:
        self.world.kill(self.pick(data), asked=asked or skip, skip=skip)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data())
    def freeze(self, data: st.DataObject) -> None:
        self.world.freeze(self.pick(data))

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data())
    def thaw(self, data: st.DataObject) -> None:
        self.world.thaw(self.pick(data))

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), draining=st.booleans())
    def drain(self, data: st.DataObject, draining: bool) -> None:
        self.world.do(self.world.scheduler.drain(self.pick(data), draining))

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        self.world.do(self.world.scheduler.restart(self.pick(data)))

    @rule(workers=st.integers(1, 6))
    def resize(self, workers: int) -> None:
        self.world.do(self.world.scheduler.resize(workers))

    @rule(recall=st.booleans())
    def pause(self, recall: bool) -> None:
        self.world.do(self.world.scheduler.pause(recall=recall))

    @rule()
    def resume(self) -> None:
        self.world.do(self.world.scheduler.resume())

    @rule(now=st.floats(0, 100))
    def tick(self, now: float) -> None:
        self.world.do(self.world.scheduler.tick(now))

    @invariant()
    def nothing_ends_twice(self) -> None:
        if hasattr(self, "world"):
            assert all(times == 1 for times in self.world.ended.values())
            assert self.world.scheduler.done + self.world.scheduler.failed == len(self.world.ended)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.settle()
        assert set(self.world.ended) == set(range(self.world.items))
        self.nothing_ends_twice()
        for index, failure in self.world.failures.items():
            if failure.error == "SIGKILL":
                assert failure.attempts == self.world.scheduler.retries + 1 <= self.world.strikes[index]
        self.world.let_the_retiring_go()
        assert len(self.world.workers) == self.world.scheduler.target


Interleavings.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestInterleavings = pytest.mark.filterwarnings("error")(Interleavings.TestCase)


def one_item_in_hand(retries: int) -> World:
    world = World(1, 1, retries, None)
    world.feed()
    world.work(1, 1)
    world.begin(1)
    return world


def test_an_item_that_kills_its_worker_fails_after_its_retries() -> None:
    world = one_item_in_hand(retries=2)
    for _ in range(3):
        assert not world.failures
        world.kill(1, asked=False)
        world.work(1, 1)
        world.begin(1)
    assert world.failures[0].attempts == 3
    assert world.failures[0].error == "SIGKILL"
    assert world.scheduler.complete


def test_a_death_that_was_asked_for_is_no_strike() -> None:
    world = one_item_in_hand(retries=0)
    for _ in range(5):
        world.kill(1, asked=True)
        world.work(1, 1)
        world.begin(1)
    assert not world.failures
    world.settle()
    assert world.ended == {0: 1}


def test_an_idle_worker_may_die_without_harm() -> None:
    world = World(3, 2, 0, None)
    world.work(1, 1)
    world.kill(1, asked=False)
    world.settle()
    assert not world.failures
    assert world.ended == {0: 1, 1: 1, 2: 1}


def test_skipping_fails_just_the_item_in_hand() -> None:
    world = World(5, 1, 2, 5)
    world.feed()
    world.work(1, 1)
    world.begin(1)
    world.begin(1)
    world.kill(1, asked=True, skip=True)
    world.settle()
    assert {index: failure.error for index, failure in world.failures.items()} == {1: "skipped by you"}
    assert world.scheduler.done == 4


def test_unstarted_items_of_a_stopped_worker_go_to_the_others_at_once() -> None:
    world = World(8, 2, 2, 8)
    world.feed()
    world.work(1, 1)
    world.work(2, 1)
    holder = next(slot for slot, worker in world.workers.items() if worker.queue)
    other = 3 - holder
    world.begin(holder)
    world.freeze(holder)
    assert [piece for _, piece in world.workers[other].queue] == [Range(0, 1, 8)]


def test_a_stopped_worker_with_the_last_item_is_killed_after_five_seconds_without_a_strike() -> None:
    world = one_item_in_hand(retries=0)
    world.freeze(1)
    world.do(world.scheduler.tick(10.0))
    world.do(world.scheduler.tick(14.9))
    assert world.workers[1].frozen
    world.do(world.scheduler.tick(15.1))
    assert not world.workers[1].frozen
    world.settle()
    assert not world.failures


def test_a_worker_that_ran_on_before_it_was_recalled_is_believed_once() -> None:
    """It froze for us at item 1, had in truth finished item 2; item 2 still waits, so its result counts."""
    world = World(4, 1, 0, 4)
    world.feed()
    world.work(1, 1)
    ticket, piece = world.workers[1].queue.pop(0)
    world.do(world.scheduler.froze(1, "stopped", Begun(ticket, 0, 1, "running")))
    world.do(world.scheduler.returned(1, ticket, piece._replace(hi=2)))
    assert world.ended == {0: 1, 1: 1}
    world.do(world.scheduler.thawed(1))
    world.settle()
    assert world.ended == dict.fromkeys(range(4), 1)


def test_the_feeder_is_never_asked_for_more_than_two_chunks_a_worker() -> None:
    world = World(10_000, 3, 2, 10)
    while world.asks and len(world.first) < 50:
        world.feed()
    assert world.scheduler.fed <= 2 * 3 * 10

"""The rules of the pool under random interleavings of deliveries, deaths, pauses and resizes.

`World` plays feeder, workers and supervisor; the invariants: every item ends exactly once, nothing is given twice at a
time, and once the disturbances stop the run comes to its end.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pooltop.model import Halt
from pooltop.rules import actions as rules
from pooltop.rules.actions import Begun, Range
from pooltop.rules.scheduler import Scheduler


@dataclass
class FakeWorker:
    ready: bool = False
    retiring: bool = False
    frozen: bool = False
    recalled_up_to: int = 0
    queue: list[tuple[int, Range]] = field(default_factory=list)
    block: tuple[int, int] | None = None
    """Items of the range at the queue's head that are in hand."""
    unpickling: bool = False
    ran: int = 0


class World:
    """Feeder, workers and supervisor, as obedient as real ones but without processes."""

    def __init__(
        self,
        items: int,
        workers: int,
        retries: int,
        chunksize: int | None,
        maxtasks: int | None = None,
        halt: Halt | None = None,
    ) -> None:
        self.scheduler = Scheduler(workers, retries=retries, chunksize=chunksize, maxtasks=maxtasks, halt=halt)
        self.maxtasks = maxtasks
        self.left = items
        self.items = items
        self.workers: dict[int, FakeWorker] = {}
        self.asks: list[int] = []
        self.repacks: list[Range] = []
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
                case rules.Repack(piece):
                    self.repacks.append(piece)
                case rules.Kill(slot):
                    self.kill(slot, asked=True)
                case rules.Forget(chunk):
                    del self.first[chunk]

    def recall(self, slot: int) -> None:
        worker = self.workers[slot]
        worker.recalled_up_to = max([worker.recalled_up_to, *(ticket for ticket, _ in worker.queue)])

    def end(self, chunk: int, position: int) -> None:
        self.ended[self.first[chunk] + position] += 1

    def feed(self, *, split: bool = False) -> None:
        if self.repacks:
            self.repack(self.repacks.pop(0))
        if not self.asks or self.scheduler.source_ended:
            return
        count = min(self.asks.pop(0), self.left)
        if count:
            first = count // 2 if split else 0  # as when an item cannot be pickled
            self.send_chunk(first, answered=False)
            self.send_chunk(count - first, answered=True)
        if not self.left:
            self.do(self.scheduler.source_ends())

    def send_chunk(self, count: int, *, answered: bool) -> None:
        if count:
            chunk = next(self.chunk_numbers)
            self.first[chunk] = self.items - self.left
            self.left -= count
            self.do(self.scheduler.items_came(chunk, count, 100 * count, answered=answered))

    def repack(self, piece: Range) -> None:
        chunk = next(self.chunk_numbers)
        self.first[chunk] = self.first[piece.chunk] + piece.lo
        self.do(self.scheduler.repacked(chunk, piece))

    def keep(self, count: int, failed: int) -> None:
        """The feeder finds items that had ended before the run was resumed."""
        count = min(count, self.left)
        if count and not self.scheduler.source_ended:
            for _ in range(count):
                self.ended[self.items - self.left] += 1
                self.left -= 1
            self.do(self.scheduler.kept(count, min(failed, count)))

    def work(self, slot: int, items: int, failed: int = 0, again: bool = False) -> None:
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
            self.hand_back(slot, items, failed, again)

    def hand_back(self, slot: int, items: int, failed: int, again: bool) -> None:
        worker = self.workers[slot]
        ticket, piece = worker.queue.pop(0)
        begun = worker.block[1] if worker.block else piece.lo
        recalled = ticket <= worker.recalled_up_to
        upto = begun if recalled else min(max(begun, piece.lo + items), piece.hi)
        worker.block = None
        done = piece._replace(hi=upto)
        failed = min(failed, upto - piece.lo)
        worker.ran += upto - piece.lo
        assert self.maxtasks is None or worker.ran <= self.maxtasks
        again = again and failed > 0
        self.do(self.scheduler.returned(slot, ticket, done, failed=failed, seconds=0.001, again=again))

    def begin(self, slot: int, items: int) -> None:
        """The worker goes on to its next block (its slot says so) and has not finished that."""
        worker = self.workers[slot]
        if worker.queue and worker.ready and not worker.frozen:
            ticket, piece = worker.queue[0]
            lo = worker.block[1] if worker.block else piece.lo
            if ticket > worker.recalled_up_to and lo < piece.hi:
                worker.unpickling = False
                worker.block = (lo, min(lo + items, piece.hi))

    def begin_unpickling(self, slot: int) -> None:
        worker = self.workers[slot]
        worker.unpickling = bool(worker.queue and worker.ready and not worker.frozen and not worker.block)

    def give_up_unpickling(self, slot: int) -> None:
        worker = self.workers[slot]
        if worker.unpickling and worker.queue and not worker.frozen:
            ticket, piece = worker.queue[0]
            if self.scheduler.items.count(piece.chunk) > 1:
                worker.queue.pop(0)
                worker.unpickling = False
                self.do(self.scheduler.unreadable(slot, ticket))

    def begun(self, slot: int) -> Begun | None:
        worker = self.workers[slot]
        if not worker.queue:
            return None
        ticket, piece = worker.queue[0]
        if worker.unpickling:
            return Begun(ticket, piece.lo, piece.hi, "unpickling")
        return Begun(ticket, *worker.block, "running") if worker.block else None

    def kill(self, slot: int, *, asked: bool, skip: bool = False) -> None:
        begun = self.begun(slot)
        worker = self.workers.pop(slot)
        if begun and not asked:
            for position in range(begun.lo, begun.hi):
                self.strikes[self.first[worker.queue[0][1].chunk] + position] += 1
        self.do(self.scheduler.died(slot, begun, asked=asked, reason="SIGKILL", skip=skip))

    def freeze(self, slot: int, how: Literal["paused", "stopped"] = "stopped", runs_on: int = 0) -> None:
        """The worker stands still; with `runs_on` it did so only after it had gone on to a further block."""
        worker = self.workers[slot]
        if worker.ready and not worker.frozen:
            seen = self.begun(slot)
            if runs_on and worker.block:
                self.begin(slot, runs_on)
            worker.frozen = True
            self.do(self.scheduler.froze(slot, how, seen))

    def thaw(self, slot: int) -> None:
        if self.workers[slot].frozen:
            self.workers[slot].frozen = False
            self.do(self.scheduler.thawed(slot))

    def places(self) -> Counter[int]:
        """Where each item is that the feeder has sent: waiting, claimed, on its way back from the feeder, or ended."""
        pieces = list(self.scheduler._waiting) + self.repacks
        for state in self.scheduler._seats.values():
            pieces += state.claims.values()
        places = Counter(self.ended)
        for piece in pieces:
            places.update(self.first[piece.chunk] + position for position in range(piece.lo, piece.hi))
        return places

    def settle(self) -> None:
        """No more disturbances: the run must come to its end."""
        self.do(self.scheduler.resume())
        for now in range(10_000):
            if self.scheduler.complete:
                return
            self.feed()
            for slot in list(self.workers):
                if slot in self.workers:
                    if self.workers[slot].frozen and now % 10 == 9 and not self.scheduler.complete:
                        self.thaw(slot)
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
        maxtasks=st.none() | st.integers(1, 9),
        halt=st.none() | st.none() | st.builds(Halt, st.just("soon"), st.integers(1, 9)),
    )
    def begin_run(
        self,
        items: int,
        workers: int,
        retries: int,
        chunksize: int | None,
        maxtasks: int | None,
        halt: Halt | None,
    ) -> None:
        self.world = World(items, workers, retries, chunksize, maxtasks, halt)

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.world.workers)))

    @rule(split=st.booleans())
    def feed(self, split: bool) -> None:
        self.world.feed(split=split)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), items=st.integers(1, 20), failed=st.integers(0, 2), again=st.booleans())
    def work(self, data: st.DataObject, items: int, failed: int, again: bool) -> None:
        self.world.work(self.pick(data), items, failed, again)

    @rule(count=st.integers(1, 5), failed=st.integers(0, 2))
    def keep(self, count: int, failed: int) -> None:
        self.world.keep(count, failed)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), items=st.sampled_from([1, 1, 1, 3]))
    def begin(self, data: st.DataObject, items: int) -> None:
        self.world.begin(self.pick(data), items)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), gives_up=st.booleans())
    def unpickle(self, data: st.DataObject, gives_up: bool) -> None:
        slot = self.pick(data)
        self.world.begin_unpickling(slot)
        if gives_up:
            self.world.give_up_unpickling(slot)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), asked=st.booleans(), skip=st.booleans())
    def kill(self, data: st.DataObject, asked: bool, skip: bool) -> None:
        self.world.kill(self.pick(data), asked=asked or skip, skip=skip)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data(), paused=st.booleans(), runs_on=st.sampled_from([0, 0, 1, 2]))
    def freeze(self, data: st.DataObject, paused: bool, runs_on: int) -> None:
        self.world.freeze(self.pick(data), "paused" if paused else "stopped", runs_on)

    @precondition(lambda self: self.world.workers)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        slot = self.pick(data)
        worker = self.world.workers[slot]
        begun = self.world.begun(slot)
        if worker.ready and not worker.frozen and self.world.scheduler.has_more_than(slot, begun):
            self.world.do(self.world.scheduler.take_back(slot, begun))

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
    def every_item_is_in_one_place(self) -> None:
        if hasattr(self, "world"):
            assert self.world.places() == dict.fromkeys(range(self.world.scheduler.items.come), 1)
            assert self.world.scheduler.items.done + self.world.scheduler.items.failed == len(self.world.ended)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.settle()
        if not self.world.scheduler.halted:
            assert set(self.world.ended) == set(range(self.world.items))
        self.every_item_is_in_one_place()
        for index, failure in self.world.failures.items():
            if failure.error == "SIGKILL":
                assert failure.attempts == self.world.scheduler.items.retries + 1
                assert self.world.strikes[index] >= 1
        self.world.let_the_retiring_go()
        assert len(self.world.workers) == self.world.scheduler.target


Interleavings.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestInterleavings = pytest.mark.filterwarnings("error")(Interleavings.TestCase)


def one_item_in_hand(retries: int) -> World:
    world = World(1, 1, retries, None)
    world.feed()
    world.work(1, 1)
    world.begin(1, 1)
    return world


def test_an_item_that_kills_its_worker_fails_after_its_retries() -> None:
    world = one_item_in_hand(retries=2)
    for _ in range(3):
        assert not world.failures
        world.kill(1, asked=False)
        world.work(1, 1)
        world.begin(1, 1)
    assert world.failures[0].attempts == 3
    assert world.failures[0].error == "SIGKILL"
    assert world.scheduler.complete


def test_a_death_that_was_asked_for_is_no_strike() -> None:
    world = one_item_in_hand(retries=0)
    for _ in range(5):
        world.kill(1, asked=True)
        world.work(1, 1)
        world.begin(1, 1)
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
    world.begin(1, 1)
    world.begin(1, 1)
    world.kill(1, asked=True, skip=True)
    world.settle()
    assert {index: failure.error for index, failure in world.failures.items()} == {1: "skipped by you"}
    assert world.scheduler.items.done == 4


def test_unstarted_items_of_a_stopped_worker_go_to_the_others_at_once() -> None:
    world = World(8, 2, 2, 8)
    world.feed()
    world.work(1, 1)
    world.work(2, 1)
    holder = next(slot for slot, worker in world.workers.items() if worker.queue)
    other = 3 - holder
    world.begin(holder, 1)
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
    assert world.scheduler.items.come <= 2 * 3 * 10


@pytest.mark.parametrize("skip", [False, True])
def test_a_worker_that_ran_on_and_then_died_takes_nothing_along(skip: bool) -> None:
    """It seemed to stand still at item 0 but went on to item 2, which others had been promised by then."""
    world = World(8, 1, 0, 8)
    world.feed()
    world.work(1, 1)
    world.begin(1, 1)
    world.freeze(1)
    world.workers[1].block = (2, 3)
    world.kill(1, asked=skip, skip=skip)
    assert world.places() == dict.fromkeys(range(8), 1)
    world.settle()
    assert world.scheduler.items.done == 8


def test_a_chunk_that_cannot_be_unpickled_is_halved_until_the_culprit_is_alone() -> None:
    culprit = 5
    world = World(8, 1, 0, 8)
    world.feed()
    for _ in range(100):
        if world.scheduler.complete:
            break
        world.feed()
        world.work(1, 0)
        worker = world.workers[1]
        if not worker.queue:
            continue
        piece = worker.queue[0][1]
        first = world.first[piece.chunk]
        if first <= culprit < first + world.scheduler.items.count(piece.chunk):
            worker.unpickling = True
            world.kill(1, asked=False)
        else:
            world.work(1, 8)
    assert world.scheduler.complete
    assert {index: failure.error for index, failure in world.failures.items()} == {culprit: "SIGKILL"}
    assert world.scheduler.items.done == 7


def test_items_that_nobody_can_send_again_fail() -> None:
    world = World(4, 1, 0, 4)
    world.feed()
    world.work(1, 1)
    world.begin_unpickling(1)
    world.give_up_unpickling(1)
    assert len(world.repacks) == 2
    for piece in world.repacks:
        world.do(world.scheduler.cannot_repack(piece, "gone"))
    assert world.scheduler.complete
    assert world.scheduler.items.failed == 4


def test_what_a_worker_has_not_begun_can_be_given_to_another() -> None:
    scheduler = Scheduler(2, chunksize=10)
    scheduler.start()
    for slot in (1, 2):
        scheduler.worker_ready(slot)
    given = [action for action in scheduler.items_came(0, 10, 100) if isinstance(action, rules.Give)]
    assert [(action.slot, action.range) for action in given] == [(1, Range(0, 0, 10))]
    begun = Begun(given[0].ticket, 2, 3, "running")
    assert scheduler.has_more_than(1, begun)
    actions = scheduler.take_back(1, begun)
    assert [action.range for action in actions if isinstance(action, rules.Give)] == [Range(0, 3, 10)]
    assert rules.Recall(1) in actions
    assert not scheduler.has_more_than(1, begun)


def test_a_stopped_worker_that_all_others_wait_for_is_killed_after_a_while() -> None:
    scheduler = Scheduler(2, chunksize=1)
    scheduler.start()
    for slot in (1, 2):
        scheduler.worker_ready(slot)
    for chunk in range(2):
        scheduler.items_came(chunk, 1, 10)
    scheduler.froze(1, "stopped", Begun(1, 0, 1, "running"))
    assert [scheduler.tick(now) for now in (0.0, 4.9, 60.0)] == [[], [], []], "the other one may go on"
    assert scheduler.tick(100.0, {2}) == []
    assert scheduler.tick(105.0, {2}) == [rules.Kill(1)]

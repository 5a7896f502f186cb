"""The rules of the pool, pure: who gets which range, what becomes of a dead worker's, how often an item is tried.

Events come in as method calls, what is to be done about them comes back as a list of actions. There is no I/O, clock,
process or asyncio here, so that property tests can drive it through any interleaving. The one invariant everything
serves: **every item is at any time in exactly one place: waiting, in one worker's claim, or ended.**

A *chunk* is a body of pickled items; what a worker is given is a *range* of it under a *ticket*. The worker hands
back what it did not get to within its slice of time, and the rest is given again or split among the idle
(`../ARCHITECTURE.md`, "Dispatch").
"""

from collections.abc import Collection
from typing import Literal

from pooltop.model import Halt
from pooltop.rules.actions import (
    Action,
    Ask,
    Begun,
    Give,
    Kill,
    Range,
    Recall,
    Remove,
    Repack,
    Retire,
    Spawn,
)
from pooltop.rules.halt import verdict
from pooltop.rules.itembook import ItemBook
from pooltop.rules.pace import Pace
from pooltop.rules.seats import NO_LIMIT, HoldUp, Seat, held_up_by
from pooltop.rules.waiting import WaitingRoom, cut, split


class Scheduler:
    """See the module's docstring.

    retries: how often more an item is tried that ended its worker, or was ended with it for taking too much.
    maxtasks: items after which a worker is replaced. halt: when too many failures end it all. together: so many items
    need a worker of their own each at the same time; where these are several, they are handed out one by one and never
    to a worker that has one.
    """

    def __init__(
        self,
        workers: int,
        *,
        retries: int = 2,
        chunksize: int | None = None,
        together: int = 1,
        maxtasks: int | None = None,
        halt: Halt | None = None,
    ) -> None:
        self._actions: list[Action] = []
        self._maxtasks = maxtasks or NO_LIMIT
        self._halt = halt
        self.halted = ""
        """Why nothing more is given out, one line: too many items have failed."""
        self.items = ItemBook(retries, self._actions)
        self.together = together
        self.pace = Pace(chunksize) if together == 1 else Pace(1, alone=True)
        self.source_ended = False
        self.paused = False
        self._seats: dict[int, Seat] = {}
        self._target = workers
        self._waiting = WaitingRoom()
        self._asked = 0
        self._opened = False
        self._next_ticket = 1
        self._hold_up = HoldUp()

    # What is so

    @property
    def complete(self) -> bool:
        """Every item has ended and no more will come; of a halted run, nobody has anything in hand."""
        if self.halted:
            return not any(state.claims for state in self._seats.values())
        return self.source_ended and self.items.clear

    @property
    def target(self) -> int:
        """How many workers there shall be."""
        return self._target

    def is_leaving(self, slot: int) -> bool:
        """The worker is to end after its present item."""
        state = self._seats.get(slot)
        return bool(state and state.leaving)

    # Events of the source

    def start(self) -> list[Action]:
        """The run begins: the first workers are wanted."""
        for slot in range(1, self._target + 1):
            self._add_slot(slot)
        return self._settle()

    def items_came(self, chunk: int, count: int, size: int, *, answered: bool = True) -> list[Action]:
        """The feeder has sent a chunk of `count` items in `size` bytes; `answered`: that was all it was asked for."""
        self._asked -= answered
        self.items.add(chunk, count)
        self._waiting.last(Range(chunk, 0, count))
        self.pace.saw_chunk(count, size)
        return self._settle()

    def kept(self, count: int, failed: int) -> list[Action]:
        """Items have come that had ended before the run was resumed, `failed` of them as failures."""
        self.items.keep(count, failed)
        return self._settle()

    def repacked(self, chunk: int, again: Range) -> list[Action]:
        """These items have come again, as a chunk of their own."""
        self.items.move(again, chunk)
        self._waiting.last(Range(chunk, 0, again.hi - again.lo))
        return self._settle()

    def cannot_repack(self, piece: Range, error: str) -> list[Action]:
        """The feeder is gone, and these items with it."""
        self.items.lose(piece, error)
        return self._settle()

    def source_ends(self) -> list[Action]:
        """No more items will come, whether the source is used up or has failed."""
        self.source_ended = True
        self._asked = 0
        return self._settle()

    # Events of workers

    def worker_ready(self, slot: int) -> list[Action]:
        """A worker has imported everything and waits."""
        self._seats[slot].ready = True
        return self._settle()

    def returned(
        self, slot: int, ticket: int, done: Range, *, failed: int = 0, seconds: float = 0.0, again: bool = False
    ) -> list[Action]:
        """A worker hands back the results of `done`, `failed` of them failures, after `seconds` of work.

        The rest of what it held under the ticket waits again. What had been taken from it meanwhile (it was stopped)
        counts only while nobody else has it: results are accepted once. `again`: the last of them is a failure that
        is to be tried again as long as it has attempts left.
        """
        state = self._seats[slot]
        state.tasks_left -= done.hi - done.lo
        claim = state.claims.pop(ticket, None) or Range(done.chunk, done.lo, done.lo)
        overrun = Range(done.chunk, max(claim.hi, done.lo), done.hi)
        if overrun.lo >= overrun.hi:
            rest = claim._replace(lo=done.hi)
        elif self._waiting.take_back(overrun):
            rest = claim._replace(lo=claim.hi)
        else:
            self._waiting.first([claim])
            return self._settle()
        if done.lo < done.hi:
            self.pace.saw_work(done.hi - done.lo, seconds)
            self._enter(done, failed, again)
        self._share_rest(slot, rest)
        return self._settle()

    def unreadable(self, slot: int, ticket: int) -> list[Action]:
        """A worker cannot unpickle the chunk of a range, and says so."""
        claim = self._seats[slot].claims.pop(ticket, None)
        if claim is not None:
            self._repack(claim)
        return self._settle()

    def died(
        self,
        slot: int,
        begun: Begun | None,
        *,
        asked: bool,
        reason: str = "",
        item: str = "",
        skip: bool = False,
        respawn: bool = True,
    ) -> list[Action]:
        """The worker of a slot is gone. What it held goes back; the item in its hand, if any, is in `begun`.

        `asked`: pooltop was told to end it, so the item gets no strike. `skip`: the item in hand is given up.
        `reason` (`SIGSEGV`, `exit code 5`) becomes the failure of an item that has used up its attempts, and `item`
        is the label of what was in hand.
        """
        state = self._seats.pop(slot)
        for ticket, claim in reversed(state.claims.items()):
            if begun is None or begun.ticket != ticket:
                self._waiting.first([claim])
            elif begun.phase == "unpickling":
                self._died_unpickling(claim, asked, reason, item)
            else:
                self._died_running(claim, begun, asked, skip, reason, item)
        if respawn and state.leaving != "shrink":
            self._add_slot(slot)
        else:
            self._do(Remove(slot))
        return self._settle()

    def froze(self, slot: int, how: Literal["paused", "stopped"], begun: Begun | None) -> list[Action]:
        """A worker stands still: what it has not begun goes to the others."""
        self._seats[slot].frozen = how
        return self.take_back(slot, begun)

    def has_more_than(self, slot: int, begun: Begun | None) -> bool:
        """Whether a worker holds items beyond those it has begun."""
        claims = self._seats[slot].claims
        return any(begun is None or begun.ticket != ticket or begun.hi < claim.hi for ticket, claim in claims.items())

    def take_back(self, slot: int, begun: Begun | None) -> list[Action]:
        """What a worker has not begun goes to the others."""
        state = self._seats[slot]
        for ticket, claim in list(state.claims.items()):
            in_hand = begun is not None and begun.ticket == ticket and begun.phase != "unpickling"
            kept = min(begun.hi, claim.hi) if begun and in_hand else claim.lo
            self._waiting.first([claim._replace(lo=kept)])
            if kept > claim.lo:
                state.claims[ticket] = claim._replace(hi=kept)
            else:
                del state.claims[ticket]
        self._do(Recall(slot))
        return self._settle()

    def thawed(self, slot: int) -> list[Action]:
        """A worker goes on."""
        self._seats[slot].frozen = ""
        return self._settle()

    # What a person asks

    def pause(self, *, recall: bool = False) -> list[Action]:
        """Give out no more work; with `recall` workers hand back what they have not begun."""
        self.paused = True
        if recall:
            for slot in self._seats:
                self._do(Recall(slot))
        return self._settle()

    def resume(self) -> list[Action]:
        """Give out work again, to drained workers too."""
        self.paused = False
        for state in self._seats.values():
            state.draining = False
        return self._settle()

    def drain(self, slot: int, draining: bool = True) -> list[Action]:
        """Let one worker end what it has begun and give it nothing more, or (False) let it take work again."""
        self._seats[slot].draining = draining
        if draining:
            self._do(Recall(slot))
        return self._settle()

    def restart(self, slot: int) -> list[Action]:
        """Replace a worker after its present item."""
        self._let_go(slot, "restart")
        return self._settle()

    def resize(self, workers: int) -> list[Action]:
        """Make it n workers: the highest slots leave after their item, new ones fill the lowest free numbers."""
        self._target = workers
        staying = [slot for slot, state in sorted(self._seats.items()) if state.leaving != "shrink"]
        for slot in staying[workers:]:
            self._let_go(slot, "shrink")
        free = (slot for slot in range(1, workers + len(self._seats) + 1) if slot not in self._seats)
        for _ in range(workers - len(staying)):
            self._add_slot(next(free))
        return self._settle()

    def tick(self, now: float, waiting: Collection[int] = ()) -> list[Action]:
        """Time passes (monotonic seconds): a stopped worker may not hold up the others for ever.

        waiting: the slots whose workers wait for what another one holds.
        """
        last = (self.source_ended and not self._waiting) or bool(self.halted)
        stuck = [] if self.paused else held_up_by(self._seats, waiting, nothing_to_give=last)
        for slot in self._hold_up.to_be_killed(now, stuck):
            self._do(Kill(slot))
        return self._settle()

    # Rules

    def _settle(self) -> list[Action]:
        self._halt_if_need_be()
        self._replace_the_used_up()
        if not self._holds_back and self._is_open():
            self._hand_out()
        self._order_items()
        actions = self._actions.copy()
        self._actions.clear()
        return actions

    def _do(self, action: Action) -> None:
        self._actions.append(action)

    @property
    def _holds_back(self) -> bool:
        """Nothing is given out."""
        return self.paused or bool(self.halted)

    def _halt_if_need_be(self) -> None:
        if self.halted:
            return
        items = self.items  # failures of former sessions have had their effect
        self.halted = verdict(self._halt, items.failed - items.kept_failed, items.done + items.failed - items.kept)
        if self.halted:
            for slot in self._seats:
                self._do(Recall(slot))

    def _replace_the_used_up(self) -> None:
        for slot, state in self._seats.items():
            if state.tasks_left <= 0 and not (state.claims or state.leaving or self.complete):
                self._let_go(slot, "restart")

    def _is_open(self) -> bool:
        """The first item goes out when the whole pool has started, so that the clock does not count the start."""
        self._opened = self._opened or all(
            state.ready or state.frozen or state.leaving for state in self._seats.values()
        )
        return self._opened

    def _hand_out(self) -> None:
        for depth in range(1 + self.pace.prefetch):
            for slot, state in self._seats.items():
                if not self._waiting:
                    return
                if state.takes_work and len(state.claims) <= depth:
                    self._give(slot, self._waiting.next())

    def _give(self, slot: int, piece: Range) -> None:
        """As much of it as the worker may still run; the rest waits."""
        state = self._seats[slot]
        _, piece, rest = cut(piece, piece.lo, min(piece.hi, piece.lo + state.room))
        self._waiting.first([rest])
        ticket = self._next_ticket
        self._next_ticket += 1
        state.claims[ticket] = piece
        self._do(Give(slot, ticket, piece))

    def _order_items(self) -> None:
        """Ask the feeder for as much as keeps the workers busy, and no more."""
        if self.source_ended or self.halted:
            return
        enough = 2 * max(1, len(self._seats))
        while self._asked + len(self._waiting) < enough:
            self._asked += 1
            self._do(Ask(self.pace.next_chunk()))

    def _enter(self, done: Range, failed: int, again: bool) -> None:
        """The ends of these items, but for the last one where it is tried again."""
        before, last, _ = cut(done, done.hi - 1, done.hi)
        if again and self.items.may_try_again(last):
            self._try_again(last._replace(careful=True))
            done, failed = before, failed - 1
        if done.lo < done.hi:
            self.items.accept(done, failed)

    def _share_rest(self, slot: int, rest: Range) -> None:
        """Give what a worker did not get to: to it again, shared with the idle when nothing else waits."""
        if rest.lo >= rest.hi:
            return
        state = self._seats[slot]
        if self._holds_back or not state.takes_work:
            self._waiting.first([rest])
            return
        idle = [s for s, other in self._seats.items() if other.takes_work and not other.claims and s != slot]
        parts = 1 if self._waiting else min(len(idle) + 1, rest.hi - rest.lo)
        mine, *others = split(rest, parts)
        self._give(slot, mine)
        self._waiting.first(others)

    def _died_running(self, claim: Range, begun: Begun, asked: bool, skip: bool, reason: str, item: str) -> None:
        """What is lost with the worker runs again; what was in its hand gets what it deserves."""
        lo = min(max(begun.lo, claim.lo), claim.hi)
        hi = min(max(begun.hi, lo), claim.hi)
        before, hand, after = cut(claim, lo, hi)
        self.items.retried += lo - claim.lo
        self._waiting.first([before, after])
        if skip and hi - lo == 1:
            self.items.fail(hand, "skipped by you", item)
        elif asked:
            self._try_again(hand)
        elif hi - lo == 1:
            self._strike(hand, reason, item)
        else:
            self._try_again(hand._replace(careful=True))

    def _died_unpickling(self, claim: Range, asked: bool, reason: str, item: str) -> None:
        if asked:
            self._waiting.first([claim])
        elif self.items.count(claim.chunk) > 1:
            self._repack(claim)
        else:
            self._strike(claim, reason, item)

    def _try_again(self, hand: Range) -> None:
        self.items.retried += hand.hi - hand.lo
        self._waiting.first([hand])

    def _strike(self, hand: Range, reason: str, item: str) -> None:
        """One that is tried again is tried alone."""
        if self.items.may_try_again(hand):
            self._try_again(hand._replace(careful=True))
        else:
            self.items.fail(hand, reason, item)

    def _repack(self, piece: Range) -> None:
        """Its chunk cannot be unpickled, and nobody knows why: halves of it, and halves of those, single it out."""
        for half in split(piece, min(2, piece.hi - piece.lo)):
            self._do(Repack(half._replace(careful=False)))

    def _add_slot(self, slot: int) -> None:
        self._seats[slot] = Seat(tasks_left=self._maxtasks)
        self._do(Spawn(slot))

    def _let_go(self, slot: int, how: Literal["restart", "shrink"]) -> None:
        state = self._seats[slot]
        if state.leaving != "shrink":
            state.leaving = how
        self._do(Retire(slot))

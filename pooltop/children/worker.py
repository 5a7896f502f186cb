"""The inside of a worker: takes ranges, runs them in blocks, hands back results and what it did not get to."""

import pickle
import resource
import signal
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from pooltop.children.capture import PythonStreams
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.inside import added, enter_slot, take_deltas
from pooltop.children.label import label
from pooltop.children.mailbox import Mailbox
from pooltop.children.shared.asking import Asking
from pooltop.children.shared.commons import hand_out
from pooltop.errors import summary, user_traceback
from pooltop.model import Number
from pooltop.wire.channel import Body, ChildEnd
from pooltop.wire.messages import CounterNamed, End, FailedItem, Ready, Returned, RunRange, Unreadable
from pooltop.wire.slots import Phase, Slot

CHUNKS_KEPT = 2
"""Chunks a worker keeps unpickled, so that a range given again travels without its body."""
SHORT_BLOCK = 125_000
LONG_BLOCK = 1_000_000
"""Blocks are to last between these, in nanoseconds: the slot and the clock are touched once a block."""
MOST_FAILURES = 100
"""In one message: each may have a long traceback."""
LARGEST_BLOCK = 256
"""A block cannot be interrupted; this bounds the wait where items suddenly become dear."""


class ChunkMemory:
    """Which chunks a worker still has; the supervisor keeps an equal one (without bodies) for each worker."""

    def __init__(self) -> None:
        self._chunks: OrderedDict[int, Any] = OrderedDict()

    def __contains__(self, chunk: int) -> bool:
        return chunk in self._chunks

    def use(self, chunk: int, content: Any = None) -> Any:
        """The chunk's content, now the one used last; a new chunk pushes out the one used longest ago."""
        if chunk not in self._chunks:
            self._chunks[chunk] = content
            if len(self._chunks) > CHUNKS_KEPT:
                self._chunks.popitem(last=False)
        self._chunks.move_to_end(chunk)
        return self._chunks[chunk]


class _Unreadable:
    """Stands for the items of a chunk that cannot be unpickled."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Stint:
    """The work on one range, from its first item to the hand-back."""

    def __init__(self, order: RunRange) -> None:
        self.order = order
        self.began_at = time.time()
        self.began = time.monotonic_ns()
        self.failures: list[FailedItem] = []
        self.blocks: list[tuple[int, int]] = []
        """Items and nanoseconds, one after the other."""


class Worker:
    """One worker process; `call` is the user's function of one item."""

    def __init__(self, channel: ChildEnd, slot: Slot) -> None:
        self._channel = channel
        self._mailbox = Mailbox(channel)
        self._slot = slot
        self._chunks = ChunkMemory()
        self._streams = PythonStreams(channel, self._item_in_hand)
        self._block_size = 1
        self._results: list[Any] = []
        self._block: Sequence[Any] = ()
        self._block_starts_at = 0
        self._block_first_index = 0
        self._one_by_one = False
        """Items that share something may wait for each other, and what they do is known by the item."""
        self._stops_at_failure = False
        """An item that raises may have to be tried again, or be one too many: the range ends with it."""
        self._tells_labels = False
        self._deltas: dict[str, Number] = {}
        """What the range has added to counters up to the item in hand, where it may end with a failure."""
        self._call: Callable[[Any], Any] = lambda item: item

    def prepare(self, home: Home) -> bool:
        """Import, bind, set up, and say so; False when that failed (which has then been reported)."""
        enter_slot(self._slot, lambda word, name: self._channel.send(CounterNamed(word, name)))
        try:
            workload, options = obtain_workload(home.assignment)
            asking = Asking(self._channel, self._mailbox, self._slot, self._index_in_hand)
            shared = hand_out(home.commons, asking)
            spec = home.assignment.spec
            may_be_tried_again = spec.retry_exceptions or bool(spec.timeout or spec.timeout_percent)
            self._one_by_one = bool(shared) or may_be_tried_again
            self._stops_at_failure = may_be_tried_again or spec.halt is not None
            self._tells_labels = spec.joblog is not None
            self._call = workload.caller(options, shared, convert_items=home.assignment.convert_items)
            workload.set_up(options, shared)
        except BaseException as error:
            report_start(self._channel, self._streams, error)
            return False
        self._streams.end_lines()
        self._channel.send(Ready())
        return True

    def serve(self) -> None:
        """Run ranges until told to end, or until the supervisor is gone (EOFError)."""
        while True:
            self._slot.enter(Phase.WAITING)
            message, body = self._mailbox.order()
            match message:
                case RunRange():
                    self._run(message, body)
                case End():
                    return

    def _run(self, order: RunRange, body: Body) -> None:
        self._slot.show_memory(_most_resident())
        self._slot.begin_range(order.ticket, order.lo, order.hi, order.first_index, time.monotonic_ns())
        items = self._unpickled(order.chunk, body)
        stint = _Stint(order)
        if not isinstance(items, _Unreadable):
            upto = self._run_blocks(stint, items)
        elif order.several:
            self._channel.send(Unreadable(order.ticket))
            return
        else:
            upto = order.hi
            stint.failures.append(_failed(0, f"item {order.first_index}", items.error))
        self._hand_back(stint, upto, items)

    def _hand_back(self, stint: "_Stint", upto: int, items: Any) -> None:
        order = stint.order
        now = time.monotonic_ns()
        self._slot.begin_sending(order.lo, upto, now)
        raised = self._stops_at_failure and bool(stint.failures)
        labels = tuple(map(label, items[order.lo : upto])) if self._tells_labels and stint.blocks else ()
        body = self._pickled(stint, upto, items)
        deltas, latest = self._take_deltas(), take_deltas()
        returned = Returned(
            order.ticket,
            order.chunk,
            order.lo,
            upto,
            (now - stint.began) / 1e9,
            failures=tuple(sorted(stint.failures, key=lambda failed: failed.position)),
            counters=deltas if raised else added(deltas, latest),
            began=stint.began_at,
            blocks=tuple(stint.blocks),
            raised=raised,
            raised_counters=latest if raised else {},
            labels=labels,
        )
        self._channel.send(returned, body)
        self._slot.count_done(upto - order.lo)

    def _take_deltas(self) -> dict[str, Number]:
        deltas, self._deltas = self._deltas, {}
        return deltas

    def _unpickled(self, chunk: int, body: Body) -> Any:
        if not body:
            return self._chunks.use(chunk)
        try:
            items = pickle.loads(body)
        except BaseException as error:
            items = _Unreadable(error)
        return self._chunks.use(chunk, items)

    def _run_blocks(self, stint: "_Stint", items: Sequence[Any]) -> int:
        """Run items until the range or the slice is over, or the range is recalled; where it got to.

        Of a careful range one item: what may be a culprit is sent, and if need be tried again, alone.
        """
        order = stint.order
        slice_end = stint.began + int(order.slice_seconds * 1e9) if order.slice_seconds else None
        position, now = order.lo, stint.began
        while position < order.hi and self._slot.recalled < order.ticket:
            size = 1 if order.careful or self._one_by_one else self._block_size
            end = min(position + size, order.hi)
            self._slot.begin_block(position, end, now, label(items[position]))
            self._block_first_index = order.first_index + position
            before, position = position, self._run_block(items, position, end, stint.failures)
            took = -now + (now := time.monotonic_ns())
            stint.blocks.append((position - before, took))
            self._adapt_block(took)
            over = slice_end is not None and now >= slice_end
            if order.careful or over or len(stint.failures) >= MOST_FAILURES:
                break
            if self._stops_at_failure:
                if stint.failures:
                    break
                self._deltas = added(self._deltas, take_deltas())
        return position

    def _run_block(self, items: Sequence[Any], lo: int, hi: int, failures: list[FailedItem]) -> int:
        """Run items lo..hi, up to and including the first that raises; where it got to."""
        results = self._results
        self._block = items[lo:hi]
        self._block_starts_at = before = len(results)
        try:
            results.extend(map(self._call, self._block))
            ended = len(results) - before
            if ended == hi - lo:
                return hi
            # map() takes a StopIteration from the function for its own end.
            raise RuntimeError("the function raised StopIteration")
        except BaseException as error:
            culprit = lo + len(results) - before
            failures.append(_failed(culprit, label(items[culprit]), error))
            return culprit + 1
        finally:
            self._streams.end_lines()
            self._block = ()

    def _place_in_block(self) -> int:
        """Of the item whose code is running now: as many of the block have ended as there are results of it."""
        return min(len(self._results) - self._block_starts_at, len(self._block) - 1)

    def _item_in_hand(self) -> str | None:
        return label(self._block[self._place_in_block()]) if self._block else None

    def _index_in_hand(self) -> int | None:
        return self._block_first_index + self._place_in_block() if self._block else None

    def _adapt_block(self, took: int) -> None:
        if took < SHORT_BLOCK:
            self._block_size = min(self._block_size * 8, LARGEST_BLOCK)
        elif took > LONG_BLOCK:
            self._block_size = max(1, self._block_size // 4)

    def _pickled(self, stint: "_Stint", upto: int, items: Any) -> bytes:
        """The results; one that cannot be pickled becomes a failure."""
        results, self._results = self._results, []
        try:
            return pickle.dumps(results, pickle.HIGHEST_PROTOCOL)
        except BaseException:
            failed = {failure.position for failure in stint.failures}
            positions = [position for position in range(stint.order.lo, upto) if position not in failed]
            return self._pickle_one_by_one(positions, results, items, stint.failures)

    def _pickle_one_by_one(
        self, positions: list[int], results: list[Any], items: Sequence[Any], failures: list[FailedItem]
    ) -> bytes:
        """A result that cannot be pickled is its own item's failure, not its neighbours'."""
        good = []
        for position, result in zip(positions, results, strict=True):
            try:
                pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
                good.append(result)
            except BaseException as error:
                text = f"the result, a {type(result).__name__}, cannot be pickled: {summary(error)}"
                failures.append(FailedItem(position, label(items[position]), text, user_traceback(error)))
        return pickle.dumps(good, pickle.HIGHEST_PROTOCOL)


def _failed(position: int, name: str, error: BaseException) -> FailedItem:
    return FailedItem(position, name, summary(error), user_traceback(error))


def _most_resident() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # there in bytes, elsewhere in KiB


def worker_main(home: Home) -> None:
    """The target of a worker process."""
    channel, slot = home.move_in()
    worker = Worker(channel, slot)
    try:
        if worker.prepare(home):
            worker.serve()
    except EOFError:
        # The supervisor is gone; there is nobody to tell.
        signal.raise_signal(signal.SIGKILL)

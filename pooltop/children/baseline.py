"""The sequential side: the same items in a plain loop in one process, as a textbook would time it."""

import signal
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from pooltop.children.capture import PythonStreams
from pooltop.children.feeder import open_home_source
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.inside import enter_slot
from pooltop.children.label import label
from pooltop.children.mailbox import Mailbox
from pooltop.children.shared.asking import Asking
from pooltop.children.shared.commons import hand_out
from pooltop.errors import summary
from pooltop.wire.messages import BaselineDone, Ready
from pooltop.wire.slots import Slot

SHORT_BLOCK = 10_000_000
"""The slot is touched about every ten milliseconds, so that a plain loop stays one (nanoseconds)."""


def run_plainly(call: Callable[[Any], Any], items: Iterable[Any], slot: Slot) -> int:
    """Call the function on each item in turn, whatever it raises; the number of items."""
    iterator = iter(items)
    size, count = 1, 0
    while block := list(islice(iterator, size)):
        began = time.monotonic_ns()
        slot.begin_block(count, count + len(block), began, label(block[0]))
        _loop(call, block)
        count += len(block)
        slot.count_done(len(block))
        if time.monotonic_ns() - began < SHORT_BLOCK:
            size *= 2
    return count


def _loop(call: Callable[[Any], Any], block: list[Any]) -> None:
    remaining = iter(block)
    while True:
        try:
            for item in remaining:
                call(item)
            return
        except BaseException as error:  # SystemExit too: as in a worker, it ends the item and not the process
            print(f"baseline: {summary(error)}")


def baseline_main(home: Home) -> None:
    """The target of the baseline process."""
    channel, slot = home.move_in()
    streams = PythonStreams(channel)
    enter_slot(slot, lambda _word, _name: None)
    try:
        try:
            source, _ = open_home_source(home)
            workload, options = obtain_workload(home.assignment)
            shared = hand_out(home.commons, Asking(channel, Mailbox(channel), slot))
            call = workload.caller(options, shared, convert_items=source.textual)
            workload.set_up(options, shared)
        except BaseException as error:
            report_start(channel, streams, error)
            return
        channel.send(Ready(total=source.total))
        began = time.perf_counter()
        count = run_plainly(call, source.iterable, slot)
        seconds = time.perf_counter() - began
        streams.end_lines()
        channel.send(BaselineDone(seconds, count))
    except EOFError:
        signal.raise_signal(signal.SIGKILL)

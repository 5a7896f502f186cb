"""What a workload's function may call while an item runs: `track` and `counter`.

Outside a pool both do nothing harmful, so that the same function runs in a plain script.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from pooltop.model import Number
from pooltop.wire.slots import COUNTERS, Slot

T = TypeVar("T")


class _Place:
    """The slot of the process this is; None in a plain script."""

    slot: Slot | None = None
    announce: Callable[[int, str], None] | None = None


def enter_slot(slot: Slot, announce: Callable[[int, str], None]) -> None:
    """This process shows itself in `slot`; `announce(word, name)` tells which word a counter uses."""
    _Place.slot = slot
    _Place.announce = announce


def track(iterable: Iterable[T], total: int | None = None) -> Iterator[T]:
    """Iterate, and show how far it is inside the present item.

    `total` is the number of steps where `len(iterable)` does not tell; without either no progress is shown.
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    slot = _Place.slot
    if slot is None or not total:
        yield from iterable
        return
    for step, value in enumerate(iterable):
        slot.track(step, total)
        yield value
    slot.track(total, total)


class Counter:
    """A named total over all workers. What an item adds counts once, when its result is accepted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pending: Number = 0
        self._word: int | None = None

    def add(self, amount: Number = 1) -> None:
        """Add to the total (an int or a float, of either sign)."""
        self.pending += amount
        if _Place.slot is not None:
            self._show(_Place.slot)

    def _show(self, slot: Slot) -> None:
        if self._word is None:
            self._word = len(_shown)
            _shown.append(self.name)
            if self._word < COUNTERS and _Place.announce is not None:
                _Place.announce(self._word, self.name)
        if self._word < COUNTERS:
            slot.show_counter(self._word, self.pending)


_counters: dict[str, Counter] = {}
_shown: list[str] = []


def counter(name: str) -> Counter:
    """The counter of this name: `pooltop.counter("pixels").add(n)`."""
    found = _counters.get(name)
    if found is None:
        found = _counters[name] = Counter(name)
    return found


def take_deltas() -> dict[str, Number]:
    """What has been added since the last call, to be handed back with the results."""
    deltas = {name: counter.pending for name, counter in _counters.items() if counter.pending}
    for name in deltas:
        _counters[name].pending = 0
    if deltas and _Place.slot is not None:
        _Place.slot.clear_counters()
    return deltas


def added(deltas: dict[str, Number], more: dict[str, Number]) -> dict[str, Number]:
    """The sums, by name."""
    return {name: deltas.get(name, 0) + more.get(name, 0) for name in {**deltas, **more}}

"""The gallery's counter: several processes raise one shared number, with a lock and without."""

import time
from contextlib import nullcontext
from ctypes import Array, c_longlong
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Annotated

from msgspec import Meta

import pooltop
from pooltop import shared


@dataclass(eq=False)
class AtMost:
    """Equal to every number up to this one: what a race leaves of so many raises."""

    most: int

    def __eq__(self, number: object) -> bool:
        return isinstance(number, int) and 0 <= number <= self.most

    def __repr__(self) -> str:
        return f"at most {self.most:,}"


def numbered_parts(parts: int) -> range:
    """An item a part."""
    return range(parts)


def no_raise_lost(outcome: pooltop.Outcome) -> tuple[int | AtMost, int]:
    """With the lock every raise counts; without it some are lost, and none is invented."""
    raises = outcome.options["parts"] * outcome.options["raises"]
    total: int = outcome.shared["total"].value
    print(f"{raises:,} raises, {raises - total:,} of them lost")
    return raises if outcome.options["lock"] else AtMost(raises), total


@pooltop.workload(
    title="Shared counter",
    section="Sharing",
    items=numbered_parts,
    check=no_raise_lost,
    takes_items=False,
    shared={"total": shared.Value("q"), "raised": shared.Array("q", shared.Option("parts"), lock=False)},
    baseline="none",
)
def counter(
    part: int,
    parts: Annotated[int, Meta(ge=1, le=64)] = 4,  # noqa: ARG001  # so many items, so many cells of `raised`
    raises: Annotated[int, Meta(ge=1, le=1_000_000)] = 100,
    lock: bool = True,
    pause: Annotated[float, Meta(ge=0, le=1)] = 0.02,
    *,
    total: "Synchronized[int]",
    raised: "Array[c_longlong]",
) -> int:
    """One number in shared memory, raised a hundred times by each of four parts.

    What it shows: `total.value += 1` reads and then writes. Each of the two is safe, both together are not: what
    another process writes in between is lost. `pause` makes that moment, which is short, as many seconds long, so that
    what happens now and then can be seen at once. The lock of the Value makes one step of the two.

    Watch the shared values: with the lock `total` comes to 4 x 100 = 400, and the workers wait for one another.
    Without it they never wait, and `total` falls behind. The check says how many raises were lost. Beside it stands
    the counter `raises`, made by `pooltop.counter`: it needs no lock and is exact either way.

    Try `--no-lock`; then `--no-lock -j 1`, where nobody is there to write in between; then `--no-lock --pause 0
    --raises 10000`, which is a plain `+=` and loses raises just so. Kill a worker (k): its part goes on where `raised`
    says that it was. The number can only be off where the worker died between its last two lines under the lock.
    """
    raises_made = pooltop.counter("raises")
    raises_made.add(raised[part])  # by a worker that was killed over this part
    for _ in pooltop.track(range(raised[part], raises)):
        with total.get_lock() if lock else nullcontext():
            seen = total.value
            if pause:
                time.sleep(pause)
            total.value = seen + 1
            raised[part] += 1
        raises_made.add()
    return raised[part]

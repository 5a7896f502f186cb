"""The pools that `bench.faults` compares, used as their manuals say, with an outcome for each item where they give one.

A pool is a context manager of a function: `with open_pool(timeout) as call: for ended in call(function, items): ...`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, TypeAlias

WORKERS = 4
ITEMS = 200
WARM_UP = 8
"""So many items before the pool is left idle; they are numbered from -8 on."""
TIMEOUT_SECONDS = 2.0
"""For an item that never returns, where a pool has a timeout for each item."""
CULPRIT = 100
"""The item that is bad, where one is."""
FOLDER = "POOLTOP_FAULTS"
"""The environment variable with the folder where a trial and whoever watches it leave files for each other."""


class Ended(NamedTuple):
    """What a pool says has become of an item; `error` is the type of an exception, "" for a result."""

    item: int
    error: str


Function: TypeAlias = Callable[[int], object]
Call: TypeAlias = Callable[[Function, Sequence[int]], Iterator[Ended]]
OpenPool: TypeAlias = Callable[[float | None], AbstractContextManager[Call]]
"""Its argument is the seconds that an item may take; what has no such limit takes no notice of it."""

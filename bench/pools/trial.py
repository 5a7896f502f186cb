"""One pool runs its 200 items, in a process that may come to any end: python -m bench.pools.trial POOL FUNCTION ...

What it hears of its items stands in the trial's folder, for `bench.faults` to read.
"""

import argparse
import importlib
import time
from collections.abc import Iterable

from bench.pools import ITEMS, WARM_UP, Ended, items


def main() -> None:
    """`POOL` is `module:function`, an `OpenPool`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pool")
    parser.add_argument("function")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--rest", action="store_true")
    order = parser.parse_args()
    module, _, name = order.pool.partition(":")
    function = getattr(items, order.function)
    try:
        with getattr(importlib.import_module(module), name)(order.timeout) as call:
            if order.rest:
                listen(call(function, range(-WARM_UP, 0)))
                items.rest()
            listen(call(function, range(ITEMS)))
    except BaseException as error:
        items.note("raised", type(error).__name__)
        raise


def listen(outcomes: Iterable[Ended]) -> None:
    """Write down each outcome as it comes."""
    for ended in outcomes:
        items.note("ended", f"{ended.item} {time.monotonic()} {ended.error}")


if __name__ == "__main__":
    main()

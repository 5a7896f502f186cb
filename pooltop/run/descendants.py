"""The processes below a process, found without reading every process of the machine where the system allows it.

Linux lists the children of a thread in a file: 28 microseconds a process without children. Elsewhere, and on kernels
that lack the file, every process of the machine must say who its parent is: 45 microseconds each.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import psutil

ChildrenOf: TypeAlias = Callable[[int], Iterable[int]]


def children_now() -> ChildrenOf:
    """A way to ask for the children of many processes at this moment, at the price of one look around."""
    return _listed_children if Path("/proc/thread-self/children").exists() else _children_by_parent()


def descendants(pid: int, children_of: ChildrenOf) -> list[int]:
    """All processes below this one, each after its parent."""
    found: dict[int, None] = {}
    generation = {pid}
    while generation := {child for parent in generation for child in children_of(parent)} - found.keys() - {pid}:
        found.update(dict.fromkeys(generation))
    return list(found)


def _listed_children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children.extend(map(int, (thread / "children").read_bytes().split()))
    except OSError:
        pass  # the process, or one of its threads, has just ended
    return children


def _children_by_parent() -> ChildrenOf:
    children: dict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        children[process.info["ppid"]].append(process.pid)
    return lambda pid: children.get(pid, ())

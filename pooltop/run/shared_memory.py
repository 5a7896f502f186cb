"""The shared memory of Values and Arrays: made in the run's own context, looked at without a lock."""

import os
from collections.abc import Mapping
from ctypes import sizeof
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, cast

from pooltop import shared
from pooltop.errors import WorkloadError
from pooltop.model import Number
from pooltop.work.sharing import ctype_of

CELLS_SHOWN = 256
"""Of an Array, in a snapshot."""
SHARED_MEMORY = Path("/dev/shm")
"""Where `multiprocessing` puts its shared memory, where that exists."""


def made_memory(described: Mapping[str, shared.Description], context: BaseContext) -> dict[str, Any]:
    """The raw objects of Values and Arrays. Raises WorkloadError where there is no room for them."""
    memory: dict[str, Any] = {}
    for name, description in described.items():
        if isinstance(description, shared.Value | shared.Array):
            _find_room(name, description)
        match description:
            case shared.Value(typecode, initial):
                memory[name] = context.RawValue(ctype_of(typecode), initial)
            case shared.Array(typecode, content):
                memory[name] = context.RawArray(ctype_of(typecode), content)
    return memory


def _find_room(name: str, description: shared.Value | shared.Array) -> None:
    """Writing to a full shared memory kills a process; so it is not begun."""
    cells = 1
    if isinstance(description, shared.Array):
        content = description.size_or_initializer
        cells = content if isinstance(content, int) else len(content)
    wanted = cells * sizeof(ctype_of(description.typecode))
    if SHARED_MEMORY.is_dir():
        status = os.statvfs(SHARED_MEMORY)
        free = status.f_bavail * status.f_frsize
        if wanted > free:
            raise WorkloadError(
                f"shared {name!r} needs {wanted / 1e9:,.1f} GB, and {SHARED_MEMORY} has {free / 1e9:,.1f} GB left"
            )


def content(
    description: shared.Description, memory: Any
) -> tuple[Number | bool | str | None, int | None, tuple[Number | bool, ...]]:
    """(value, size, cells) as a screen can show them, read without a lock."""
    try:
        return _content(description, memory)
    except ValueError:  # no character has that code
        return "?", None, ()


def _content(
    description: shared.Description, memory: Any
) -> tuple[Number | bool | str | None, int | None, tuple[Number | bool, ...]]:
    match description:
        case shared.Value():
            return _plain(memory.value), None, ()
        case shared.Array():
            size = len(memory)
            start = memory[:CELLS_SHOWN]
            if isinstance(start, bytes | str):  # characters
                return _plain(start), size, ()
            few = size <= CELLS_SHOWN
            cells = start if few else [memory[number * size // CELLS_SHOWN] for number in range(CELLS_SHOWN)]
            return None, size, tuple(cells)
    return None, None, ()


def _plain(value: object) -> Number | bool | str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.rstrip("\0") if isinstance(text, str) else cast(Number, text)

"""Shared objects for code that runs alone, in one process: `multiprocessing`'s own."""

import multiprocessing
from collections.abc import Mapping
from typing import Any

import msgspec

from pooltop import shared
from pooltop.work.sharing import ctype_of


def made_alone(described: Mapping[str, shared.Description]) -> dict[str, Any]:
    """The objects by their names; the descriptions are resolved ones."""
    return {name: _made(description) for name, description in described.items()}


def _made(description: shared.Description) -> Any:
    match description:
        case shared.Value(typecode, initial, lock):
            return multiprocessing.Value(ctype_of(typecode), initial, lock=lock)
        case shared.Array(typecode, cells, lock):
            return multiprocessing.Array(ctype_of(typecode), cells, lock=lock)
        case shared.Queue(int(maxsize)) | shared.JoinableQueue(int(maxsize)):
            made = getattr(multiprocessing, type(description).__name__)(maxsize)
            made.cancel_join_thread()  # nobody will take what is left in it
            return made
        case _:
            return getattr(multiprocessing, type(description).__name__)(*msgspec.structs.astuple(description))

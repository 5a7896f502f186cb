"""What a workload declares as shared, checked and with its options filled in: plain data that can travel."""

import ctypes
from collections.abc import Iterator, Mapping
from multiprocessing import sharedctypes
from typing import Any, Final, get_args

import msgspec

from pooltop import shared
from pooltop.errors import WorkloadError, summary

TYPECODES: Final[Mapping[str, Any]] = sharedctypes.typecode_to_type  # type: ignore[attr-defined]  # left out of its stubs
POINTERS = (ctypes.py_object, ctypes.c_char_p, ctypes.c_wchar_p, ctypes.c_void_p)
"""What they point to is not shared."""
KINDS = ", ".join(kind.__name__ for kind in get_args(shared.Description))


def resolved(
    declared: Mapping[str, object], options: Mapping[str, object], workload: str
) -> dict[str, shared.Description]:
    """The descriptions of everything declared, all numbers known.

    Raises WorkloadError, which names the declaration, for one that is not plain or cannot be made.
    """
    return {name: _resolved(name, description, options, workload) for name, description in declared.items()}


def names_of(declared: object, workload: str) -> frozenset[str]:
    """What is shared, by name. Raises WorkloadError where it is not declared as a dict."""
    if not isinstance(declared, Mapping):
        raise WorkloadError(f"{workload}: shared is {_what(declared)}, not a dict of names and descriptions")
    return frozenset(declared)


def ctype_of(typecode: str) -> Any:
    """The ctypes type of a typecode of `array`, or of the name of a simple type of ctypes. Raises ValueError."""
    if typecode in TYPECODES:
        return TYPECODES[typecode]
    found = getattr(ctypes, str(typecode), None)
    if isinstance(found, type) and issubclass(found, ctypes._SimpleCData) and not issubclass(found, POINTERS):
        return found
    known = " ".join(TYPECODES)
    raise ValueError(f"{typecode!r} is no typecode ({known}) and no simple type of ctypes")


def _resolved(name: str, description: object, options: Mapping[str, object], workload: str) -> shared.Description:
    where = f"{workload}: shared {name!r}"
    if not (isinstance(name, str) and name.isidentifier()):
        raise WorkloadError(f"{where} cannot be the name of a parameter")
    if not isinstance(description, shared.Description):
        raise WorkloadError(
            f"{where} is {_what(description)}, not a description: write one of pooltop.shared's, {KINDS}"
        )
    try:
        filled = msgspec.structs.replace(description, **dict(_filled(description, options)))
        return _plain(filled)
    except WorkloadError:
        raise
    except Exception as error:  # of whatever it holds
        raise WorkloadError(f"{where}: {error if isinstance(error, ValueError) else summary(error)}") from None


def _what(value: object) -> str:
    if value in get_args(shared.Description):
        return f"the class shared.{getattr(value, '__name__', '')} itself"
    kind = type(value)
    return f"a {kind.__qualname__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__qualname__}"


def _filled(description: shared.Description, options: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The fields that are left to an option, with its value."""
    for field, value in msgspec.structs.asdict(description).items():
        if isinstance(value, shared.Option):
            if value.name not in options:
                raise ValueError(f"the function has no option {value.name!r}")
            yield field, options[value.name]


def _plain(description: shared.Description) -> shared.Description:
    match description:
        case shared.Value(typecode, initial):
            ctype = ctype_of(typecode)
            value = ctype() if initial is None else ctype(initial)
            return msgspec.structs.replace(description, initial=value.value)
        case shared.Array(typecode, int(size)) if not isinstance(size, bool):
            ctype_of(typecode)
            return msgspec.structs.replace(description, size_or_initializer=_at_least(0, size, "its size"))
        case shared.Array(_, bool() | float() as size):
            _whole(size, "its size")
        case shared.Array(typecode, initializer):
            cells = list(initializer)
            return msgspec.structs.replace(
                description, size_or_initializer=list((ctype_of(typecode) * len(cells))(*cells))
            )
        case shared.Semaphore(value):
            _at_least(0, value, "its value")
        case shared.Barrier(parties):
            _at_least(1, parties, "its parties")
        case shared.Queue(maxsize) | shared.JoinableQueue(maxsize):
            _whole(maxsize, "its maxsize")
    return description


def _at_least(least: int, value: Any, what: str) -> int:
    number = _whole(value, what)
    if number < least:
        raise ValueError(f"{what} is at least {least}, not {number}")
    return number


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{what} is a whole number, not {value!r}")
    return value

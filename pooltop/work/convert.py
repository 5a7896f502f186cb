"""Making a value of a function's annotation from plain data: from a word typed, a line of a file, a JSON object."""

import enum
import reprlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

Converter: TypeAlias = Callable[[Any], Any]

PLAIN: Final = frozenset({str, int, float, bool, NoneType, dict, list})
"""The types that text, numbers and JSON arrive as; objects of other types are what the user made them."""

_NUMBERS: Final = frozenset({int, float})


def converter(annotation: Any) -> Converter | None:
    """What turns plain data into values of `annotation`; it raises ValueError with one line where it cannot.

    None where every value is to be left as it is: no annotation, Any, object, and classes that plain data says
    nothing about (an array, a connection).
    """
    kind = without_none(annotation)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        convert: Converter = partial(_member, kind)
    elif kind is bytes:
        convert = _bytes
    elif _is_convertible(kind):
        convert = partial(_convert, kind)
    else:
        return None
    return convert if kind is annotation else partial(_optional, convert)


def without_none(annotation: Any) -> Any:
    """`T` for `T | None` and `Optional[T]`; other annotations as they are."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def phrase(annotation: Any) -> str:
    """What a value must be, for the end of a sentence: `an int >= 1`, `one of 'fast', 'slow'`."""
    kind = without_none(annotation)
    if get_origin(kind) is Annotated:
        kind, *metadata = get_args(kind)
        return phrase(kind) + "".join(_bounds(meta) for meta in metadata if isinstance(meta, msgspec.Meta))
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(value) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "one of " + ", ".join(kind.__members__)
    name = kind.__name__ if isinstance(kind, type) else str(kind).removeprefix("typing.")
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def _bounds(meta: msgspec.Meta) -> str:
    signs = ((">=", meta.ge), (">", meta.gt), ("<=", meta.le), ("<", meta.lt))
    bounds = [f"{sign} {bound}" for sign, bound in signs if bound is not None]
    return f" {' and '.join(bounds)}" if bounds else ""


def _is_convertible(annotation: Any) -> bool:
    try:
        kind = msgspec.inspect.type_info(annotation)
    except (TypeError, NameError):  # a union with a class in it, an annotation inside that does not resolve
        return False
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.CustomType):
        return _is_path(kind.cls)
    return not isinstance(kind, msgspec.inspect.AnyType)


def _convert(annotation: Any, value: Any) -> Any:
    if annotation is str and type(value) in _NUMBERS:
        return str(value)
    try:
        return msgspec.convert(value, annotation, strict=False, dec_hook=_make)
    except msgspec.ValidationError as error:
        raise ValueError(_complaint(value, annotation, str(error))) from None


def _complaint(value: Any, annotation: Any, reason: str) -> str:
    if isinstance(value, dict | list):
        return f"{reprlib.repr(value)}: {reason[0].lower()}{reason[1:].replace('`', '')}"
    return f"{reprlib.repr(value)} is not {phrase(annotation)}"


def _make(kind: Any, value: Any) -> Any:
    if _is_path(kind) and isinstance(value, str):
        return kind(value)
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    raise ValueError(f"cannot make {phrase(kind)} from {reprlib.repr(value)}")


def _is_path(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, PurePath)


def _member(kind: type[enum.Enum], value: Any) -> enum.Enum:
    """A member by its name, its value, or the value's text."""
    for name, member in kind.__members__.items():
        if value in (name, member.value) or value == str(member.value):
            return member
    raise ValueError(f"{reprlib.repr(value)} is not {phrase(kind)}")


def _bytes(value: Any) -> bytes:
    """The bytes that a line was before it became text; msgspec would take it for base64."""
    if not isinstance(value, str):
        raise ValueError(f"{reprlib.repr(value)} is not text")
    return value.encode("utf-8", "surrogateescape")


def _optional(convert: Converter, value: Any) -> Any:
    return None if value is None else convert(value)

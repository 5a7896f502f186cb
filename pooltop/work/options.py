"""The words a person types for a function's options, turned into values."""

import difflib
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from pooltop.errors import WorkloadError
from pooltop.figures import plural
from pooltop.work.convert import converter, phrase, without_none
from pooltop.work.signature import ABSENT, Option

_CONTAINERS: Final[Mapping[Any, Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: list,
    Collection: list,
}

SWITCHED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}
"""What a switch may be told behind its name."""


def values_given(words: Sequence[str], options: Sequence[Option], name: str) -> dict[str, Any]:
    """The values of those options that `words` (`["--radius", "3", "--no-lock"]`) give.

    Of an option given twice the last one counts, but a list has them all; given once, its values stand between
    commas. Raises WorkloadError for what `name` does not take, for what does not convert, and for a required option
    that is missing.
    """
    typed = _typed(words, options, name)
    for option in options:
        if option.default is ABSENT and option.name not in typed:
            raise WorkloadError(f"{name} needs {option.flag} ({_wanted(option)})")
    return {option.name: _value(option, typed[option.name]) for option in options if option.name in typed}


def _typed(words: Sequence[str], options: Sequence[Option], name: str) -> dict[str, list[str]]:
    """The text of every value, by the name of its option."""
    typed: dict[str, list[str]] = {}
    left = deque(words)
    while left:
        word = left.popleft()
        if not word.startswith("-"):
            raise WorkloadError(f"{word!r} belongs to no option of {name}{_listing(options)}")
        flag, equals, text = word.partition("=")
        option, implied = _find(flag, options, name)
        if implied == "false" and equals:
            raise WorkloadError(f"{flag} takes no value")
        if implied == "true" and not equals and left and left[0].lower() in SWITCHED:
            text = SWITCHED[left.popleft().lower()]
        elif not equals:
            text = implied or _next_value(option, left)
        elif option.is_switch:
            text = SWITCHED.get(text.lower(), text)
        typed.setdefault(option.name, []).append(text)
    return typed


def _find(flag: str, options: Sequence[Option], name: str) -> tuple[Option, str]:
    """The option that `flag` names, and the value that the flag alone implies: of a switch, else ""."""
    by_flag = {option.flag: option for option in options}
    spelt = flag.replace("_", "-")
    if spelt in by_flag:
        return by_flag[spelt], "true" if by_flag[spelt].is_switch else ""
    switch = by_flag.get(spelt.replace("--no-", "--", 1))
    if switch is not None and switch.is_switch:
        return switch, "false"
    close = difflib.get_close_matches(spelt, by_flag, n=1)
    hint = f"; did you mean {close[0]}?" if close else _listing(options)
    raise WorkloadError(f"{name} has no option {flag}{hint}")


def _next_value(option: Option, left: deque[str]) -> str:
    if not left or left[0].startswith("--"):
        raise WorkloadError(f"{option.flag} needs a value ({_wanted(option)})")
    return left.popleft()


def _listing(options: Sequence[Option]) -> str:
    return f"; it has {', '.join(option.flag for option in options)}" if options else "; it has none"


def _wanted(option: Option) -> str:
    return "a value" if option.annotation is ABSENT else phrase(option.annotation)


def _value(option: Option, texts: list[str]) -> Any:
    container, elements = _collection(option.annotation)
    if container is None:
        return _one(option, option.annotation, texts[-1])
    if len(texts) == 1:
        texts = texts[0].split(",") if texts[0] else []
    if elements[-1] is Ellipsis:
        elements = elements[:1] * len(texts)
    if len(elements) != len(texts):
        raise WorkloadError(f"{option.flag}: {len(elements)} values are wanted, not {len(texts)}")
    for bound in _bounds_of_length(option.annotation):
        least, most = bound.min_length or 0, bound.max_length
        if len(texts) < least:
            kind = phrase(_collection(option.annotation)[1][0])
            raise WorkloadError(f"{option.flag}: {plural(least, 'value')} or more, each {kind}")
        if most is not None and len(texts) > most:
            raise WorkloadError(f"{option.flag}: at most {plural(most, 'value')}, not {len(texts)}")
    return container(_one(option, element, text) for element, text in zip(elements, texts, strict=True))


def _bounds_of_length(annotation: Any) -> list[msgspec.Meta]:
    """What is said of the number of values: `Annotated[list[int], Meta(min_length=1)]`."""
    return [meta for meta in getattr(without_none(annotation), "__metadata__", ()) if isinstance(meta, msgspec.Meta)]


def _collection(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The container and its elements' annotations, ending in an Ellipsis for any number; (None, ()) for one value."""
    kind = without_none(annotation)
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    container = _CONTAINERS.get(get_origin(kind) or kind)
    if container is None:
        return None, ()
    elements = get_args(kind) or (str,)
    return container, elements if container is tuple and get_args(kind) else (*elements, Ellipsis)


def _one(option: Option, annotation: Any, text: str) -> Any:
    convert = converter(annotation)
    if convert is None:
        if annotation in (ABSENT, Any, object) or str in get_args(annotation):
            return text
        raise WorkloadError(f"{option.flag}: {phrase(annotation)} cannot be given on the command line")
    if without_none(annotation) is not annotation and text.lower() in ("none", "null"):
        return None
    try:
        return convert(text)
    except ValueError as error:
        raise WorkloadError(f"{option.flag}: {error}") from None

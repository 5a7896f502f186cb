"""What a function takes: the item first, then its options."""

import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

import msgspec

from pooltop.errors import WorkloadError
from pooltop.work.convert import without_none
from pooltop.work.declare import OUTPUT_FOLDER

ABSENT: Final = inspect.Parameter.empty
"""Stands for a default or an annotation that is not there."""

_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_KEYWORD: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Option(msgspec.Struct, frozen=True):
    """A parameter after the first, given on the command line as `--name`."""

    name: str
    annotation: Any
    """Resolved; where there is none the type of the default; ABSENT where neither says anything."""
    default: Any
    """ABSENT where a value must be given."""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether it is a bool, given as `--name` or `--no-name`."""
        return without_none(self.annotation) is bool

    @property
    def is_output_folder(self) -> bool:
        return OUTPUT_FOLDER in getattr(without_none(self.annotation), "__metadata__", ())


class Signature(msgspec.Struct, frozen=True):
    item: Any
    """The annotation of the first parameter, or ABSENT."""
    options: tuple[Option, ...]
    shared: frozenset[str] = frozenset()
    """The parameters that are given what the workers share."""


def signature_of(function: Callable[..., Any], name: str, shared: Collection[str] = ()) -> Signature:
    """What `function` takes. One without a signature that Python can show (in C) takes an item and no options.

    shared: names of what the workers share, so not of options.

    Raises WorkloadError, naming `name`, where it cannot take an item.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return Signature(item=ABSENT, options=())
    if not parameters or parameters[0].kind not in (*_POSITIONAL, inspect.Parameter.VAR_POSITIONAL):
        raise WorkloadError(f"{name} takes no item: its first parameter must be one")
    namespace = _namespace(function)
    first, *others = parameters
    if first.name in shared:
        raise WorkloadError(f"{name}: shared {first.name!r} has the name of the item's parameter")
    for other in others:
        if other.kind is inspect.Parameter.POSITIONAL_ONLY and other.default is ABSENT:
            raise WorkloadError(f"{name}: {other.name!r} is positional-only, so no option can be given for it")
    takes_any = any(other.kind is inspect.Parameter.VAR_KEYWORD for other in others)
    named = [other for other in others if other.kind in _BY_KEYWORD]
    return Signature(
        item=_resolve(first.annotation, namespace),
        options=tuple(_option(other, namespace) for other in named if other.name not in shared),
        shared=frozenset(shared if takes_any else (other.name for other in named if other.name in shared)),
    )


def _option(parameter: inspect.Parameter, namespace: dict[str, Any]) -> Option:
    annotation = _resolve(parameter.annotation, namespace)
    if annotation is ABSENT:
        annotation = _type_of_default(parameter.default)
    return Option(name=parameter.name, annotation=annotation, default=parameter.default)


def _namespace(function: Callable[..., Any]) -> dict[str, Any]:
    """The globals that the function's annotations were written among."""
    while isinstance(function, functools.partial):
        function = function.func
    module = sys.modules.get(getattr(inspect.unwrap(function), "__module__", ""))
    return {} if module is None else vars(module)


def _resolve(annotation: Any, namespace: dict[str, Any]) -> Any:
    """An annotation with its forward references looked up; ABSENT where one leads nowhere."""
    if annotation is ABSENT:
        return ABSENT
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, globalns=namespace, include_extras=True)["it"]
    except Exception:  # evaluating it runs what the author wrote there
        return ABSENT


def _type_of_default(default: Any) -> Any:
    if default is ABSENT or default is None:
        return ABSENT
    if isinstance(default, Path):
        return Path
    if isinstance(default, list | set | frozenset | tuple):
        kinds = {type(value) for value in default}
        element = kinds.pop() if len(kinds) == 1 else str
        return types.GenericAlias(type(default), (element, ...) if isinstance(default, tuple) else element)
    return type(default)

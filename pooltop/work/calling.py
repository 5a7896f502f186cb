"""How a workload's function is called for one item, whatever kind of function it is."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pooltop.work.convert import PLAIN, Converter

Call: TypeAlias = Callable[[Any], Any]


def synchronous(function: Callable[..., Any]) -> Call:
    """`function` as one that returns its result: a generator's is the list of what it yields, a coroutine is awaited.

    An ordinary function comes back as it is.
    """
    body = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004  # an object's own, not whether it has one
    if isinstance(function, functools.partial | type):
        body = function
    if inspect.iscoroutinefunction(body):
        return functools.partial(_await, function)
    if inspect.isasyncgenfunction(body):
        return functools.partial(_await_all, function)
    if inspect.isgeneratorfunction(body):
        return functools.partial(_list, function)
    return function


def converting(function: Call, convert: Converter) -> Call:
    """`function` with each item converted first. A ValueError of the conversion is the item's own failure."""

    def call(item: Any) -> Any:
        return function(convert(item) if type(item) in PLAIN else item)

    return call


def parameters_of(function: Callable[..., Any] | None) -> frozenset[str]:
    """The names of its parameters; none where Python cannot show them."""
    try:
        return frozenset(inspect.signature(function).parameters) if function is not None else frozenset()
    except (ValueError, TypeError):
        return frozenset()


def call_with(function: Callable[..., Any], offered: Mapping[str, Any]) -> Any:
    """Call `function` with those of the `offered` values that it has parameters for."""
    try:
        taken = inspect.signature(function).parameters
    except (ValueError, TypeError):
        return function()
    return function(**{name: value for name, value in offered.items() if name in taken})


@functools.cache
def _loop() -> asyncio.Runner:
    """The event loop of this process, kept so that what an item opens on it serves the next one."""
    return asyncio.Runner()


def _await(function: Callable[[Any], Any], item: Any) -> Any:
    return _loop().run(function(item))


def _await_all(function: Callable[[Any], Any], item: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [result async for result in function(item)]

    return _loop().run(collect())


def _list(function: Callable[[Any], Any], item: Any) -> list[Any]:
    return list(function(item))

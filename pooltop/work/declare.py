"""What a workload's author writes: the `workload` decorator, `OutputFolder`, and the `Outcome` a check gets."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar, overload

import msgspec

from pooltop.model import BaselineMethod

_Function = TypeVar("_Function", bound=Callable[..., Any])

OUTPUT_FOLDER: Final = "a folder that the workload writes to"

OutputFolder: TypeAlias = Annotated[Path, OUTPUT_FOLDER]
"""The annotation of an option that names a folder to write to.

It exists when the function is called. A relative default lies in the run's own folder; what a person gives is
relative to the working directory. The sequential baseline always gets a fresh one.
"""

ItemsDeclaration: TypeAlias = str | Iterable[Any] | Callable[..., Iterable[Any]]
SharedDeclaration: TypeAlias = Mapping[str, object]
"""Of `pooltop.shared` descriptions; what else stands there is refused by name when the run starts."""
TogetherDeclaration: TypeAlias = int | Callable[..., int]


class EndedWorker(msgspec.Struct, frozen=True):
    """A worker process that has ended."""

    slot: int
    pid: int
    end: str
    """`exit code 0`, `SIGKILL`."""


class PrintedLine(msgspec.Struct, frozen=True):
    """A line that the workload has printed."""

    text: str
    pid: int | None
    """Of the process that printed it."""
    item: str | None
    """Label of the item during which it was printed."""


class Outcome(msgspec.Struct, frozen=True):
    """What has come of a run, for the workload's check."""

    results: Iterable[Any]
    """The return values of the items that are done, in input order."""
    options: dict[str, Any]
    items: int
    failed: int
    own_items: bool = True
    """They are those that the workload brings along; False where a person gave others."""
    shared: dict[str, Any] = {}
    """What the workers shared, by name, as they left it."""
    workers: tuple[EndedWorker, ...] = ()
    """Every worker process there was, in the order of their ends."""
    printed: Iterable[PrintedLine] = ()
    """Everything that the workload printed, in order."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What `@workload(...)` says about its function."""

    title: str | None = None
    items: ItemsDeclaration | None = None
    setup: Callable[..., object] | None = None
    check: Callable[[Outcome], tuple[object, object]] | None = None
    shared: SharedDeclaration = {}
    together: TogetherDeclaration = 1
    baseline: BaselineMethod | None = None
    takes_items: bool = True
    section: str | None = None


@overload
def workload(function: _Function, /) -> _Function: ...
@overload
def workload(
    *,
    title: str | None = None,
    items: ItemsDeclaration | None = None,
    setup: Callable[..., object] | None = None,
    check: Callable[[Outcome], tuple[object, object]] | None = None,
    shared: SharedDeclaration | None = None,
    together: TogetherDeclaration = 1,
    baseline: BaselineMethod | None = None,
    takes_items: bool = True,
    section: str | None = None,
) -> Callable[[_Function], _Function]: ...
def workload(
    function: _Function | None = None,
    /,
    *,
    title: str | None = None,
    items: ItemsDeclaration | None = None,
    setup: Callable[..., object] | None = None,
    check: Callable[[Outcome], tuple[object, object]] | None = None,
    shared: SharedDeclaration | None = None,
    together: TogetherDeclaration = 1,
    baseline: BaselineMethod | None = None,
    takes_items: bool = True,
    section: str | None = None,
) -> _Function | Callable[[_Function], _Function]:
    """Tell pooltop more about a function of one item; the function itself stays as it is.

    title: what the gallery calls it. section: the heading it stands under there.
    items: where items come from when a person names no source: an item source in words (`"range:8"`), an iterable,
        or a function that returns one. Such a function is given those of the options that it has parameters
        for, and the run's own folder if it has a parameter `run_folder`; it is called once for the sequential
        baseline and once for the run, with the same folder.
    takes_items: False where these are the only ones that make sense; a person's own are then refused.
    setup: called once in each worker before its first item, with those of the options it has parameters for.
    check: is given the `Outcome` once all items have ended and returns (expected, actual).
    shared: what the workers share: descriptions of `pooltop.shared` by name. The function, and `setup`, are given the
        objects by parameters of those names, the check in its `Outcome`.
    together: how many items must run at the same time, each on a worker of its own, because they wait for each other:
        a number, or a function of those of the options it has parameters for.
    baseline: whether the same items run in a plain loop first. What must run together, or is a person's own, has none
        unless it says so; in the gallery the rest has one.
    """
    declaration = Declaration(
        title=title,
        items=items,
        setup=setup,
        check=check,
        shared=shared or {},
        together=together,
        baseline=baseline,
        takes_items=takes_items,
        section=section,
    )

    def declare(declared: _Function) -> _Function:
        declared.__pooltop__ = declaration  # type: ignore[attr-defined]  # a function takes any attribute
        return declared

    return declare if function is None else declare(function)


def declaration_of(function: object) -> Declaration:
    """What was declared about `function`; nothing was, for an ordinary one."""
    found = getattr(function, "__pooltop__", None)
    return found if isinstance(found, Declaration) else Declaration()

"""What a workload is, read from its source without running it: for lists, help and forms."""

import ast
import textwrap
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pooltop.errors import WorkloadError
from pooltop.model import BaselineMethod
from pooltop.work import syntax
from pooltop.work.locate import Target, locate, source_file


class Parameter(msgspec.Struct, frozen=True):
    """One option of a workload, as its author wrote it."""

    name: str
    annotation: str
    """Source text; "" where there is none."""
    default: str | None
    """Source text; None where a value must be given."""


class SharedName(msgspec.Struct, frozen=True):
    """One thing that the workers share, as the author wrote it."""

    name: str
    declaration: str
    """Source text: `shared.Value("d", 1000.0)`."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A workload as its source shows it."""

    workload: str
    """What a person types to name it."""
    title: str
    section: str = ""
    """The heading in the gallery."""
    distribution: str = ""
    """The installed distribution that adds it to the gallery."""
    summary: str = ""
    """The first line of the docstring."""
    doc: str = ""
    """The docstring, its indentation taken off."""
    source: str = ""
    """The function with its decorators, in pooltop's own gallery the whole file; "" where it is not written in Python
    or comes about only at run time."""
    path: str | None = None
    items: str | None = None
    """The item source it brings along, where that is written out in words."""
    item_parameter: str = ""
    """The name of the first parameter."""
    parameters: tuple[Parameter, ...] = ()
    """The options: neither the item nor what is shared."""
    shared: tuple[SharedName, ...] = ()
    baseline: BaselineMethod = "none"
    """Whether the same items run in a plain loop first, where the person does not say."""


def describe(workload: str, directory: Path) -> Description:
    """What the source of `workload`, seen from `directory`, says. Nothing of it is imported.

    Of a function that only comes about at run time, or not in Python, little more than the name.
    Raises WorkloadError where it is nowhere or its file is not Python.
    """
    return describe_target(locate(workload, directory))


def describe_target(target: Target) -> Description:
    """See `describe`."""
    path = source_file(target)
    if path is None:
        return _little(target, None)
    text, tree = syntax.read(path)
    function = syntax.find_function(tree, target.attribute)
    if function is None:
        _must_be_made_at_run_time(target, tree, path)
        return _little(target, path)
    return _describe_function(target, function, text, tree, path)


def _little(target: Target, path: Path | None) -> Description:
    """What is known without the function's source."""
    return Description(
        workload=target.workload,
        title=target.workload,
        distribution=target.distribution,
        path=None if path is None else str(path),
        baseline="full" if target.in_gallery else "none",
    )


def _must_be_made_at_run_time(target: Target, tree: ast.Module, path: Path) -> None:
    name = target.attribute.partition(".")[0]
    if not syntax.binds(tree, name):
        raise WorkloadError(f"{target.workload}: no {name!r} in {path}")


def _describe_function(
    target: Target, function: syntax.Function, text: str, tree: ast.Module, path: Path
) -> Description:
    declared = _declared(function)
    words = _words(declared)
    shared = _shared(declared.get("shared"), tree)
    doc = ast.get_docstring(function) or ""
    item, options = _parameters(function, in_class="." in target.attribute)
    in_own_gallery = target.in_gallery and target.file is not None
    return Description(
        workload=target.workload,
        title=words.get("title", target.workload),
        section=words.get("section", ""),
        distribution=target.distribution,
        summary=doc.partition("\n")[0],
        doc=doc,
        source=text.strip("\n") if in_own_gallery else _source(function, text),
        path=str(path),
        items=words.get("items"),
        item_parameter=item,
        parameters=tuple(option for option in options if option.name not in {each.name for each in shared}),
        shared=shared,
        baseline=_baseline(target, declared),
    )


def _declared(function: syntax.Function) -> dict[str, ast.expr]:
    """What `@workload(...)` is told, by the name of its parameter."""
    decorator = syntax.workload_decorator(function)
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {keyword.arg: keyword.value for keyword in keywords if keyword.arg}


def _words(declared: Mapping[str, ast.expr]) -> dict[str, str]:
    """What is told in plain strings."""
    return {
        name: node.value
        for name, node in declared.items()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _shared(node: ast.expr | None, tree: ast.Module) -> tuple[SharedName, ...]:
    """What the workers share, where that is a dict written out in the file."""
    shown = syntax.dict_shown(node, tree)
    pairs = zip(shown.keys, shown.values, strict=True) if shown else ()
    return tuple(
        SharedName(key.value, ast.unparse(value))
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _baseline(target: Target, declared: Mapping[str, ast.expr]) -> BaselineMethod:
    """As declared; else only for what is in the gallery and need not run together."""
    match _words(declared).get("baseline"):
        case "full" | "none" as said:
            return said
    return "full" if target.in_gallery and "together" not in declared else "none"


def _parameters(function: syntax.Function, in_class: bool) -> tuple[str, list[Parameter]]:
    """The name of the item's parameter, and the others."""
    taken = function.args
    positional = [*taken.posonlyargs, *taken.args]
    no_default: list[ast.expr | None] = [None] * (len(positional) - len(taken.defaults))
    named = list(zip(positional, [*no_default, *taken.defaults], strict=True))
    if in_class and not _is_static(function):
        named = named[1:]
    item = named[0][0].arg if named else taken.vararg.arg if taken.vararg else ""
    others = [pair for pair in named[1:] if pair[0] not in taken.posonlyargs]
    others += zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
    return item, [_parameter(argument, default) for argument, default in others]


def _is_static(function: syntax.Function) -> bool:
    return any(isinstance(name, ast.Name) and name.id == "staticmethod" for name in function.decorator_list)


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    return Parameter(
        name=argument.arg,
        annotation=ast.unparse(argument.annotation) if argument.annotation else "",
        default=ast.unparse(default) if default else None,
    )


def _source(function: syntax.Function, text: str) -> str:
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    lines = text.split("\n")[first - 1 : function.end_lineno]
    return textwrap.dedent("\n".join(lines))

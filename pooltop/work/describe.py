"""What a workload is, read from its source without running it: for lists, help and forms."""

import ast
import textwrap
from pathlib import Path

import msgspec

from pooltop.errors import WorkloadError
from pooltop.work import syntax
from pooltop.work.locate import Target, gallery_targets, locate, source_file


class Parameter(msgspec.Struct, frozen=True):
    """One option of a workload, as its author wrote it."""

    name: str
    annotation: str
    """Source text; "" where there is none."""
    default: str | None
    """Source text; None where a value must be given."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A workload as its source shows it."""

    workload: str
    """What a person types to name it."""
    title: str
    section: str = ""
    """The heading in the gallery."""
    summary: str = ""
    """The first line of the docstring."""
    doc: str = ""
    """The docstring, its indentation taken off."""
    source: str = ""
    """The function with its decorators; "" where it is not written in Python or comes about only at run time."""
    path: str | None = None
    items: str | None = None
    """The item source it brings along, where that is written out in words."""
    item_parameter: str = ""
    """The name of the first parameter."""
    parameters: tuple[Parameter, ...] = ()


def gallery() -> list[Description]:
    """The workloads that come with pooltop, by section and name."""
    described = [_describe(target) for target in gallery_targets().values()]
    return sorted(described, key=lambda entry: (entry.section, entry.workload))


def describe(workload: str, directory: Path) -> Description:
    """What the source of `workload`, seen from `directory`, says. Nothing of it is imported.

    Of a function that only comes about at run time, or not in Python, little more than the name.
    Raises WorkloadError where it is nowhere or its file is not Python.
    """
    return _describe(locate(workload, directory))


def _describe(target: Target) -> Description:
    name = target.workload
    path = source_file(target)
    if path is None:
        return Description(workload=name, title=name)
    text, tree = syntax.read(path)
    function = syntax.find_function(tree, target.attribute)
    if function is None:
        _must_be_made_at_run_time(target, tree, path)
        return Description(workload=name, title=name, path=str(path))
    return _describe_function(target, function, text, path)


def _must_be_made_at_run_time(target: Target, tree: ast.Module, path: Path) -> None:
    name = target.attribute.partition(".")[0]
    if not syntax.binds(tree, name):
        raise WorkloadError(f"{target.workload}: no {name!r} in {path}")


def _describe_function(target: Target, function: syntax.Function, text: str, path: Path) -> Description:
    declared = _declared(function)
    doc = ast.get_docstring(function) or ""
    item, options = _parameters(function, in_class="." in target.attribute)
    return Description(
        workload=target.workload,
        title=declared.get("title", target.workload),
        section=declared.get("section", ""),
        summary=doc.partition("\n")[0],
        doc=doc,
        source=_source(function, text),
        path=str(path),
        items=declared.get("items"),
        item_parameter=item,
        parameters=options,
    )


def _declared(function: syntax.Function) -> dict[str, str]:
    """What `@workload(...)` says in plain strings."""
    decorator = syntax.workload_decorator(function)
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {
        keyword.arg: keyword.value.value
        for keyword in keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }


def _parameters(function: syntax.Function, in_class: bool) -> tuple[str, tuple[Parameter, ...]]:
    """The name of the item's parameter, and the options."""
    taken = function.args
    positional = [*taken.posonlyargs, *taken.args]
    no_default: list[ast.expr | None] = [None] * (len(positional) - len(taken.defaults))
    named = list(zip(positional, [*no_default, *taken.defaults], strict=True))
    if in_class and not _is_static(function):
        named = named[1:]
    item = named[0][0].arg if named else taken.vararg.arg if taken.vararg else ""
    options = [pair for pair in named[1:] if pair[0] not in taken.posonlyargs]
    options += zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
    return item, tuple(_parameter(argument, default) for argument, default in options)


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

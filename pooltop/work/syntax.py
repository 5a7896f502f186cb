"""Python source read without running it: where a function stands in a file, and which are declared workloads."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

from pooltop.errors import WorkloadError

Function = ast.FunctionDef | ast.AsyncFunctionDef


def read(path: Path) -> tuple[str, ast.Module]:
    """The text of a Python file and its tree. Raises WorkloadError where it is unreadable or no Python."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        return text, ast.parse(text, filename=str(path))
    except OSError as error:
        raise WorkloadError(f"{path}: {error.strerror}") from None
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise WorkloadError(f"{path}{line}: {error.msg}") from None
    except ValueError as error:  # null bytes, an encoding that does not fit
        raise WorkloadError(f"{path}: {error}") from None


def find_function(tree: ast.Module, attribute: str) -> Function | None:
    """The definition that `attribute` ("resize", "Class.method") names; the last one, as running the file has it."""
    *classes, name = attribute.split(".")
    body = tree.body
    for class_name in classes:
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name]
        body = found[-1].body if found else []
    functions = [node for node in body if isinstance(node, Function) and node.name == name]
    return functions[-1] if functions else None


def offered(tree: ast.Module) -> list[Function]:
    """The functions that a file has to offer: those decorated with `workload`, or where none is, its public ones that
    take an item."""
    return workloads(tree) or [
        function for function in _functions(tree) if not function.name.startswith("_") and takes_item(function)
    ]


def workloads(tree: ast.Module) -> list[Function]:
    """The functions of a file that are decorated with `workload`, in its order."""
    return [function for function in _functions(tree) if workload_decorator(function)]


def takes_item(function: Function) -> bool:
    """Whether it can be called with one positional argument."""
    taken = function.args
    return bool(taken.posonlyargs or taken.args or taken.vararg)


def workload_decorator(function: Function) -> ast.expr | None:
    """The decorator `@workload`, `@pooltop.workload` or either with arguments."""
    for decorator in function.decorator_list:
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (isinstance(name, ast.Name) and name.id == "workload") or (
            isinstance(name, ast.Attribute) and name.attr == "workload"
        ):
            return decorator
    return None


def dict_shown(node: ast.expr | None, tree: ast.Module) -> ast.Dict | None:
    """The dict that an expression of the file shows: written out in place, or bound to its name at the top level."""
    if isinstance(node, ast.Name):
        bound = [value for name, value in _assignments(tree) if name == node.id]
        node = bound[-1] if bound else None
    return node if isinstance(node, ast.Dict) else None


def binds(tree: ast.Module, name: str) -> bool:
    """Whether running the file might give it something called `name`."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=bound, ctx=ast.Store()) | ast.ClassDef(name=bound):
                pass
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound):
                pass
            case ast.alias(name=imported, asname=alias):
                bound = alias or imported.partition(".")[0]
            case _:
                continue
        if bound in (name, "*", "__getattr__"):
            return True
    return False


def _functions(tree: ast.Module) -> list[Function]:
    """The definitions at the top level; of two with one name the last, as running the file has it."""
    return list({node.name: node for node in tree.body if isinstance(node, Function)}.values())


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """The names bound at the top level, and to what."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value

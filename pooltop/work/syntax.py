"""Python source read without running it: where a function stands in a file, and which one is declared a workload."""

import ast
import tokenize
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


def find_workload(tree: ast.Module) -> Function | None:
    """The first function of the file that is decorated with `workload`."""
    functions = (node for node in tree.body if isinstance(node, Function))
    return next((function for function in functions if workload_decorator(function)), None)


def workload_decorator(function: Function) -> ast.expr | None:
    """The decorator `@workload`, `@pooltop.workload` or either with arguments."""
    for decorator in function.decorator_list:
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (isinstance(name, ast.Name) and name.id == "workload") or (
            isinstance(name, ast.Attribute) and name.attr == "workload"
        ):
            return decorator
    return None


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

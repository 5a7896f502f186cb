"""The arrows point one way: tui → pooltop ← workloads; and what a user may import is what is meant for them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pooltop

ROOT = Path(__file__).parents[2]
COMMAND_LINE = Path("pooltop/cli")
"""May import the dashboard, inside the function that opens it."""


def modules(package: str) -> list[Path]:
    return [path.relative_to(ROOT) for path in sorted((ROOT / package).rglob("*.py"))]


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that the code below this node imports."""
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            assert each.level == 0, f"line {each.lineno}: imports are absolute here"
            yield each.module or ""


def imported_at_once(tree: ast.Module) -> Iterator[str]:
    """What is imported with the module, not first when one of its functions is called."""
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(statement)


def packages(names: Iterator[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", modules("pooltop"), ids=str)
def test_the_engine_knows_neither_dashboard_nor_workloads(path: Path) -> None:
    tree = parsed(path)
    forbidden = {"textual", "tui", "workloads", "tests"}
    if path.is_relative_to(COMMAND_LINE):
        assert not packages(imported_at_once(tree)) & forbidden
        assert packages(imported(tree)) & forbidden <= {"tui"}
    else:
        assert not packages(imported(tree)) & forbidden


def offered_names_used(tree: ast.Module) -> Iterator[str]:
    """What the code takes from `pooltop` itself."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="pooltop", names=names):
                yield from (alias.name for alias in names)
            case ast.Attribute(value=ast.Name(id="pooltop"), attr=name):
                yield name


@pytest.mark.parametrize("path", modules("workloads"), ids=str)
def test_a_workload_is_written_as_a_user_would(path: Path) -> None:
    names = list(imported(parsed(path)))
    assert not packages(iter(names)) & {"textual", "tui", "workloads", "tests"}
    assert not [name for name in names if name.startswith("pooltop.")]
    assert set(offered_names_used(parsed(path))) <= set(pooltop.__all__)


@pytest.mark.parametrize("path", modules("workloads"), ids=str)
def test_no_workload_hides_a_module_of_the_standard_library(path: Path) -> None:
    assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", modules("tui"), ids=str)
def test_the_dashboard_knows_no_workload(path: Path) -> None:
    assert not packages(imported(parsed(path))) & {"workloads", "tests"}


HEADLESS = [
    (["--version"], 0),
    (["list"], 0),
    (["show", "blur"], 0),
    (["runs"], 0),
    (["run", "./script.py:double", "--items", "range:3", "--headless"], 0),
    ([], 2),
]


@pytest.mark.parametrize(("arguments", "code"), HEADLESS, ids=str)
def test_headless_loads_no_dashboard(arguments: list[str], code: int, tmp_path: Path) -> None:
    """By what every process of the command says that it imports, in a folder and home of its own."""
    (tmp_path / "script.py").write_text("def double(number: int) -> int:\n    return 2 * number\n")
    ran = subprocess.run(
        [sys.executable, "-c", "from pooltop.cli import main; main()", *arguments],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPROFILEIMPORTTIME": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert ran.returncode == code, ran.stdout
    assert "pooltop.cli" in loaded
    assert not packages(iter(loaded)) & {"textual", "tui"}


def test_public_names() -> None:
    """All that a user imports, and nothing by accident."""
    offered = ["OutputFolder", "Outcome", "__version__", "counter", "shared", "track", "workload"]
    assert pooltop.__all__ == sorted(offered)
    for name in pooltop.__all__:
        assert hasattr(pooltop, name)
    accidents = {
        name
        for name, value in vars(pooltop).items()
        if not name.startswith("_") and name not in pooltop.__all__ and not isinstance(value, type(pooltop))
    }
    assert not accidents


def test_public_names_say_what_they_are() -> None:
    for name in set(pooltop.__all__) - {"__version__"}:
        assert getattr(pooltop, name).__doc__

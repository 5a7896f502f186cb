"""A workload is found without importing it, imported as Python would, and called whatever kind of function it is."""

import asyncio
import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, TypedDict

import msgspec
import pytest

import pooltop
from pooltop.errors import summary, user_traceback
from pooltop.work.imported import Target, Workload, WorkloadError, load, locate

SCRIPT = """
    import sys
    import pooltop

    FIRST_ON_PATH = sys.path[0]
    NUMBERS = [1, 2]

    def double(x, factor=2):
        return x * factor

    def fail(x):
        return inner(x)

    def inner(x):
        raise KeyError(x)

    def nothing():
        return 1

    class Shape:
        def area(self, x): return x
        @staticmethod
        def static(x): return x + 1
        @classmethod
        def of(cls, x): return cls.__name__, x

    SHAPE = Shape()

    if __name__ == "__main__":
        raise RuntimeError("the guard was run")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    write(tmp_path / "script.py", SCRIPT)
    write(tmp_path / "package/__init__.py", "raise RuntimeError('imported')")
    write(tmp_path / "package/tasks.py", "def resize(x): return x")
    write(tmp_path / "good/tasks.py", "def resize(x): return x")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(dedent(text))


def failure(workload: str, directory: Path) -> WorkloadError:
    """What is wrong with `workload`, found or loaded."""
    with pytest.raises(WorkloadError) as caught:
        load(locate(workload, directory))
    assert "\n" not in str(caught.value)
    return caught.value


def made(function: Any, name: str = "own:function") -> Workload:
    return Workload(Target(workload=name, module="own", attribute="function", file=None, folder="."), function)


# Finding


def test_a_script_is_imported_under_its_stem_with_its_folder_first(project: Path) -> None:
    target = locate("./script.py:double", project)
    assert target == Target("./script.py:double", "script", "double", str(project / "script.py"), str(project))
    assert locate("../script.py:double", project / "good").file == str(project / "script.py")


def test_the_folder_of_a_linked_script_is_where_it_really_lies(project: Path) -> None:
    (project / "bin").mkdir()
    (project / "bin/tool.py").symlink_to(project / "script.py")
    target = locate("./tool.py:double", project / "bin")
    assert (target.module, target.folder) == ("tool", str(project))


def test_modules_are_found_without_importing_their_parents(project: Path) -> None:
    target = locate("package.tasks:resize", project)
    assert target == Target("package.tasks:resize", "package.tasks", "resize", None, str(project))
    assert "package" not in sys.modules


def test_the_gallery_is_ours_whatever_lies_in_the_working_directory(project: Path) -> None:
    write(project / "workloads/blur.py", "def blur(x): return x")
    target = locate("blur", project)
    assert target.in_gallery and target.file is not None
    assert Path(target.file).parent == Path(pooltop.__file__).parent.parent / "workloads"
    assert not locate("workloads.blur:blur", project).in_gallery


@pytest.mark.parametrize("workload", ["math:sqrt", "os.path:join", "json:dumps", "good.tasks:resize", "pickle:loads"])
def test_these_are_found(workload: str, project: Path) -> None:
    assert callable(load(locate(workload, project)).function)


@pytest.mark.parametrize(
    ("workload", "line"),
    [
        ("blurr", "no workload 'blurr' in the gallery: did you mean blur?"),
        ("script.py", "script.py: name the function too, as script.py:function"),
        ("script", "no workload 'script' in the gallery; a function of your own is module:function"),
        ("good.tasks.resize", "no workload 'good.tasks.resize' in the gallery; a function of your own"),
        ("", "no workload '' in the gallery"),
        (":double", "':double' names no module"),
        ("script:", "'script:' names no function"),
        ("script:do uble", "'script:do uble' names no function"),
        ("scr ipt:double", "'scr ipt:double': 'scr ipt' is not the name of a module"),
        ("..good:resize", "'..good:resize': '..good' is not the name of a module"),
        ("./absent.py:double", "no such file: ./absent.py"),
        (f"./{'x' * 300}.py:double", f"./{'x' * 300}.py: File name too long"),
        ("x" * 300, f"{'x' * 300}.py: File name too long"),
        ("~nobody-of-that-name/x.py:double", "~nobody-of-that-name/x.py: there is no such home folder"),
        ("./good:double", "./good is a folder, not a Python file"),
        ("./data/x.txt:double", "no such file: ./data/x.txt"),
        ("absent.tasks:resize", "no module named 'absent' in "),
        ("good.absent:resize", "no module named 'good.absent' (for good.absent:resize)"),
        ("script:dubble", "script:dubble: no 'dubble' in "),
        ("script:Shape.areo", "script:Shape.areo: no 'areo' in "),
        ("script:NUMBERS", "script:NUMBERS is of type list, not a function"),
        ("script:Shape.area", "script:Shape.area: Shape.area is an instance method"),
        ("script:nothing", "script:nothing takes no item"),
    ],
)
def test_what_is_not_there_is_one_line(workload: str, line: str, project: Path) -> None:
    error = failure(workload, project)
    assert str(error).startswith(line)
    assert error.details == ""


def test_a_name_that_is_nearly_right_is_suggested(project: Path) -> None:
    assert str(failure("script:dubble", project)).endswith("script.py; did you mean 'double'?")


# Importing


def test_a_script_is_itself_in_every_process(project: Path) -> None:
    write(project / "sibling.py", "VALUE = 5")
    write(project / "my-tool.v2.py", "import sibling\ndef work(x): return sibling.VALUE + x")
    load_and_pickle = """
        import pickle, sys
        from pathlib import Path
        from pooltop.work.imported import load, locate
        workload = load(locate("./my-tool.v2.py:work", Path(sys.argv[1])))
        function = pickle.loads(pickle.dumps(workload.function))
        print(function is workload.function, function.__module__, sys.path[0] == sys.argv[1], function(2))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(load_and_pickle), str(project)],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["True", "my-tool_v2", "True", "7"], done.stderr


def test_a_script_is_loaded_once_and_its_guard_is_not_run(project: Path) -> None:
    first = load(locate("./script.py:double", project))
    second = load(locate("script.py:fail", project))
    assert first.function.__globals__ is second.function.__globals__
    assert first.function.__globals__["FIRST_ON_PATH"] == str(project)


def test_a_script_with_the_name_of_a_loaded_module_is_refused(project: Path) -> None:
    write(project / "pickle.py", "def work(x): return x")
    assert str(failure("./pickle.py:work", project)).endswith(
        "pickle.py: another module is called 'pickle' already; rename the file"
    )
    assert sys.modules["pickle"] is pickle


@pytest.mark.parametrize(
    ("source", "line", "detail"),
    [
        ("1 / 0", "bad.py fails when it is imported: ZeroDivisionError: division by zero", "1 / 0"),
        ("import sys\nsys.exit(3)", "bad.py exits when it is imported: 3", "sys.exit(3)"),
        ("raise SystemExit", "bad.py exits when it is imported", "raise SystemExit"),
        ("raise KeyboardInterrupt", "bad.py fails when it is imported: KeyboardInterrupt", "raise"),
        ("import no_such_thing", "bad.py fails when it is imported: ModuleNotFoundError: No module", "import no_such"),
        ("def work(x:\n", "bad.py fails when it is imported: SyntaxError", "def work(x:"),
    ],
)
@pytest.mark.parametrize("workload", ["./bad.py:work", "bad:work"])
def test_a_module_that_fails_shows_the_users_traceback_alone(
    workload: str, source: str, line: str, detail: str, project: Path
) -> None:
    write(project / "bad.py", source)
    error = failure(workload, project)
    assert line.removeprefix("bad.py") in str(error)
    assert detail in error.details
    assert "importlib" not in error.details and "pooltop/" not in error.details
    assert "bad" not in sys.modules


def test_tracebacks_of_causes_are_the_users_too() -> None:
    def raise_twice() -> None:
        try:
            pooltop.workload(1)  # type: ignore[call-overload]  # a number takes no attribute: raises in the engine
        except AttributeError as error:
            raise ValueError("second\nline") from error

    with pytest.raises(ValueError, match="second") as caught:
        raise_twice()
    text = user_traceback(caught.value)
    assert "raise_twice" in text and "declare.py" not in text
    assert summary(caught.value) == "ValueError: second"
    assert summary(KeyError()) == "KeyError"


# Declaring


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    @pooltop.workload
    def bare(x: int) -> int:
        return x

    @pooltop.workload(title="T", items="range:3", section="S")
    def declared(x: int) -> int:
        return x

    assert inspect.isfunction(bare) and bare(3) == declared(3) == 3
    workload = made(declared)
    assert (workload.title, workload.items, workload.setup, workload.check) == ("T", "range:3", None, None)
    assert made(bare).title == "own:function"


def test_setup_gets_the_options_it_takes() -> None:
    seen = []

    def remember(size: int) -> None:
        seen.append(size)

    @pooltop.workload(setup=remember)
    def work(x: int, size: int = 3, other: str = "") -> tuple[int, int, str]:
        return x, size, other

    made(work).set_up({"size": 4, "other": "x"})
    assert seen == [4]


# Output folders


def writes(x: int, out: pooltop.OutputFolder = Path("output"), extra: pooltop.OutputFolder | None = None) -> None: ...


def test_output_folders_lie_in_the_run_unless_given(tmp_path: Path) -> None:
    run, here = tmp_path / "run", tmp_path / "here"
    workload = made(writes)
    default = workload.bind((), run_folder=run, directory=here)
    given = workload.bind(("--out", "a/b", "--extra", str(tmp_path / "abs")), run_folder=run, directory=here)
    assert default == {"out": run / "output", "extra": None}
    assert given == {"out": here / "a/b", "extra": tmp_path / "abs"}
    assert workload.output_folders(default) == [run / "output"]
    assert all(folder.is_dir() for folder in workload.output_folders(default) + workload.output_folders(given))


def test_the_baseline_writes_elsewhere_even_where_a_folder_is_given(tmp_path: Path) -> None:
    bound = made(writes).bind(("--out", "given"), run_folder=tmp_path / "base", directory=tmp_path, fresh=True)
    assert bound == {"out": tmp_path / "base/out", "extra": None}
    assert not (tmp_path / "given").exists()


def test_an_output_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkloadError, match=r"^--out: cannot make the folder .*file/x: Not a directory$"):
        made(writes).bind(("--out", "file/x"), run_folder=tmp_path, directory=tmp_path)
    with pytest.raises(WorkloadError, match=r"^--out: cannot make the folder .*file: File exists$"):
        made(writes).bind(("--out", "file"), run_folder=tmp_path, directory=tmp_path)


# Calling


def double(x: int, factor: int = 2) -> int:
    return x * factor


def test_a_plain_function_is_called_without_anything_between(tmp_path: Path) -> None:
    workload = made(double)
    options = workload.bind((), run_folder=tmp_path, directory=tmp_path)
    assert workload.caller(options, convert_items=False) is double
    options = workload.bind(("--factor", "3"), run_folder=tmp_path, directory=tmp_path)
    assert workload.caller(options, convert_items=False)(5) == 15


async def awaited(x: int, plus: int = 1) -> int:
    return x + plus


async def yielded(x: int) -> Any:
    yield x
    yield await awaited(x)


def generated(x: int) -> Iterator[int]:
    yield from range(x)


class Callable:
    async def __call__(self, x: int) -> int:
        return x


@pytest.mark.parametrize(
    ("function", "words", "result"),
    [
        (awaited, (), 4),
        (awaited, ("--plus", "4"), 7),
        (yielded, (), [3, 4]),
        (generated, (), [0, 1, 2]),
        (Callable(), (), 3),
        (complex, (), 3 + 0j),
    ],
)
def test_every_kind_of_function_returns_its_result(
    function: Any, words: tuple[str, ...], result: Any, tmp_path: Path
) -> None:
    workload = made(function)
    call = workload.caller(workload.bind(words, run_folder=tmp_path, directory=tmp_path), convert_items=False)
    assert call(3) == result


def test_coroutines_share_one_event_loop() -> None:
    loops = []

    async def remember(x: int) -> int:
        loops.append(asyncio.get_running_loop())
        return x

    call = made(remember).caller({}, convert_items=False)
    assert call(1) + call(2) == 3
    assert loops[0] is loops[1]


def test_methods_of_a_class_or_an_object(project: Path) -> None:
    def result(workload: str) -> Any:
        return load(locate(workload, project)).caller({}, convert_items=False)(3)

    assert result("script:Shape.static") == 4
    assert result("script:Shape.of") == ("Shape", 3)
    assert result("script:SHAPE.area") == 3


# Items


@dataclass
class Point:
    x: int
    y: Path


class Size(TypedDict):
    width: int


class Frame(msgspec.Struct):
    number: int


class Model:
    pass


def same(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("annotation", "item", "expected"),
    [
        (int, "3", 3),
        (float, 3, 3.0),
        (str, 3, "3"),
        (Path, "a/b", Path("a/b")),
        (bytes, "a\udcff", b"a\xff"),
        (Point, {"x": "3", "y": "a"}, Point(3, Path("a"))),
        (Size, {"width": "3"}, {"width": 3}),
        (Frame, {"number": "3"}, Frame(3)),
        (tuple[int, int], [1, 2], (1, 2)),
        (int | None, None, None),
        (dict, {"a": "1"}, {"a": "1"}),
        (Model, "x", "x"),
        (str | Path, "x", "x"),
        (Any, "3", "3"),
        (int, Path("x"), Path("x")),
    ],
)
def test_items_are_converted_by_the_first_annotation(annotation: Any, item: Any, expected: Any) -> None:
    def work(x: Any) -> Any:
        return x

    work.__annotations__["x"] = annotation
    result = made(work).caller({}, convert_items=True)(item)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize("annotation", [Any, object, Model, "absent"])
def test_nothing_stands_between_where_nothing_is_converted(annotation: Any) -> None:
    def work(x: Any) -> Any:
        return x

    work.__annotations__["x"] = annotation
    assert made(work).caller({}, convert_items=True) is work
    assert made(same).caller({}, convert_items=True) is same


def test_an_item_that_does_not_convert_fails_when_it_is_called() -> None:
    def work(x: int) -> int:
        return x

    def place(point: Point) -> Point:
        return point

    with pytest.raises(ValueError, match=r"^'abc' is not an int$"):
        made(work).caller({}, convert_items=True)("abc")
    with pytest.raises(ValueError, match=r"^\{'x': 'a', 'y': 'b'\}: expected int, got str - at \$.x$"):
        made(place).caller({}, convert_items=True)({"x": "a", "y": "b"})

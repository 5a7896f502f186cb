"""Items come from where the words say, lazily, and words that name nothing are one line."""

import io
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pooltop
from pooltop.work.imported import Target, Workload, WorkloadError
from pooltop.work.items import Source, check_spec, open_source, reads_stdin

DATA = """
    NAMES = ["a", "b"]
    TEXT = "abc"
    NUMBER = 3

    def function():
        return range(5)

    def forever():
        number = 0
        while True:
            yield number
            number += 1

    def fails():
        return int("x")

    def needs(x):
        return [x]

    async def later():
        return []

    class Indexed:
        def __getitem__(self, index):
            if index == 2:
                raise IndexError
            return index

        def __len__(self):
            raise TypeError
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with some files; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    for name in ("photos/b.jpg", "photos/a.jpg", "photos/.hidden", "photos/trip/c.jpg", "one.txt", "odd:name"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty/inner").mkdir(parents=True)
    (tmp_path / "data.py").write_text(dedent(DATA))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def work(x: Any) -> Any:
    return x


def made(function: Any = work) -> Workload:
    return Workload(Target(workload="own:work", module="own", attribute="work", file=None, folder="."), function)


def opened(spec: str | None, directory: Path, stdin: str | None = None, function: Any = work) -> Source:
    return open_source(spec, made(function), directory, None if stdin is None else io.StringIO(stdin))


@pytest.mark.parametrize(
    ("spec", "items", "total"),
    [
        ("range:3", [0, 1, 2], 3),
        ("range:2:4", [2, 3], 2),
        ("range:5:0:-2", [5, 3, 1], 3),
        ("range:0", [], 0),
        ("glob:photos/*.jpg", ["photos/a.jpg", "photos/b.jpg"], 2),
        ("glob:**/*.jpg", ["photos/a.jpg", "photos/b.jpg", "photos/trip/c.jpg"], 3),
        ("glob:photos/*", ["photos/a.jpg", "photos/b.jpg"], 2),
        ("glob:photos/*/", ["photos/trip/"], 1),
        ("photos", ["photos/a.jpg", "photos/b.jpg"], 2),
        ("./photos/", ["./photos/a.jpg", "./photos/b.jpg"], 2),
        ("one.txt", ["one.txt"], 1),
        ("odd:name", ["odd:name"], 1),
        ("data:NAMES", ["a", "b"], 2),
        ("./data.py:function", [0, 1, 2, 3, 4], 5),
        ("data:Indexed", [0, 1], None),
        ("os:sep.split", ["/"], 1),
    ],
)
def test_words_name_items(spec: str, items: list[Any], total: int | None, here: Path) -> None:
    check_spec(spec, here)
    source = opened(spec, here)
    assert (list(source.iterable), source.total, source.textual) == (items, total, True)


def test_absolute_paths_stay_absolute(here: Path) -> None:
    names = [f"{here}/photos/a.jpg", f"{here}/photos/b.jpg"]
    assert opened(f"glob:{here}/photos/*.jpg", Path("/")).iterable == names
    assert opened(f"{here}/photos", Path("/")).iterable == names


def test_home_is_written_with_a_tilde(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert opened("glob:~/photos/*.jpg", Path("/")).total == 2
    (here / "list").write_text("x\n")
    assert list(opened("lines:~/list", Path("/")).iterable) == ["x"]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("", "items '': no such file or folder, and not of the form range:N, glob:PATTERN, a folder"),
        ("range:", "range: is not range:N, range:START:STOP or"),
        ("range:x", "range:x is not range:N"),
        ("range:1:2:0", "range:1:2:0 is not range:N"),
        ("range:99999999999999999999", "range:99999999999999999999 is too long"),
        ("glob:*.png", "glob:*.png matches no file"),
        ("glob:empty/*", "glob:empty/* matches no file"),
        ("glob:", "glob: matches no file"),
        ("empty", "empty holds no files"),
        ("absent", "items 'absent': no such file or folder, and not of the form"),
        ("photos/*.jpg", "no such file or folder: photos/*.jpg; for a pattern write glob:photos/*.jpg"),
        ("100", "no such file or folder: 100; for numbers write range:100"),
        ("globb:*.jpg", "items 'globb:*.jpg': did you mean glob:*.jpg?"),
        ("https://example.org/x", "items 'https://example.org/x': no such file or folder"),
        ("lines:absent", "lines:absent: no such file"),
        ("csv:photos", "csv:photos names no file"),
        ("jsonl:", "jsonl: names no file"),
        ("absent:NAMES", "no module named 'absent' in "),
        ("./absent.py:NAMES", "no such file: ./absent.py"),
    ],
)
def test_what_is_wrong_with_words_is_known_before_anything_starts(spec: str, line: str, here: Path) -> None:
    for look in (check_spec, opened):
        with pytest.raises(WorkloadError) as caught:
            look(spec, here)
        assert str(caught.value).startswith(line)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("data:TEXT", "data:TEXT is of type str, not an iterable of items"),
        ("data:NUMBER", "data:NUMBER is of type int, not an iterable of items"),
        ("data:absent", "data:absent: no 'absent' in"),
        ("data:needs", "data:needs: TypeError: needs() missing 1 required"),
        ("data:fails", "data:fails: ValueError: invalid literal for int()"),
        ("lines:-", "lines:-: there is no standard input here"),
    ],
)
def test_what_only_the_users_code_shows(spec: str, line: str, here: Path) -> None:
    check_spec(spec, here)
    with pytest.raises(WorkloadError) as caught:
        opened(spec, here)
    assert str(caught.value).startswith(line)
    assert ("data.py" in caught.value.details) == (spec == "data:fails")


@pytest.mark.filterwarnings("ignore:coroutine")
def test_an_asynchronous_source_is_refused(here: Path) -> None:
    with pytest.raises(WorkloadError, match="data:later is of type coroutine, not an iterable of items"):
        opened("data:later", here)


def test_endless_sources_are_read_only_as_far_as_asked(here: Path) -> None:
    source = opened("data:forever", here)
    assert source.total is None
    assert list(itertools.islice(source.iterable, 3)) == [0, 1, 2]
    assert opened("range:1000000000000", here).total == 10**12


def test_ints_need_no_conversion_for_a_function_of_an_int(here: Path) -> None:
    def of_int(x: int) -> int:
        return x

    assert not opened("range:3", here, function=of_int).textual
    assert opened("lines:one.txt", here, function=of_int).textual


# Records


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"))))
def test_lines_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "f").write_text("".join(f"{line}\r\n" for line in lines), "utf-8-sig", newline="")
    assert list(opened("lines:f", folder).iterable) == lines


def test_bytes_that_are_no_text_survive_as_in_file_names(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"caf\xe9.jpg\n\nlast")
    names = list(opened("lines:f", tmp_path).iterable)
    assert names == ["caf\udce9.jpg", "", "last"]


@pytest.mark.parametrize("spec", ["-", "lines:-"])
def test_lines_of_standard_input(spec: str, tmp_path: Path) -> None:
    check_spec(spec, tmp_path)
    assert reads_stdin(spec)
    assert list(opened(spec, tmp_path, "a\nb").iterable) == ["a", "b"]


@pytest.mark.parametrize("spec", [None, "range:3", "photos", "data:-", "./-"])
def test_other_sources_leave_standard_input_alone(spec: str | None) -> None:
    assert not reads_stdin(spec)


def test_json_lines(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"a": 1}\n\n[1, "x"]\nnull\n')
    assert list(opened("jsonl:f", tmp_path).iterable) == [{"a": 1}, [1, "x"], None]


def test_a_bad_line_is_named_after_those_before_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('1\n\n{"a": \n')
    items = iter(opened("jsonl:f", tmp_path).iterable)
    assert next(items) == 1
    with pytest.raises(WorkloadError, match=r"^f, line 3 is not JSON: Expecting value"):
        next(items)


def test_rows_are_dicts(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('\ufeffname,size\n"a, b",3\n\nc\n', "utf-8")
    assert list(opened("csv:f.csv", tmp_path).iterable) == [{"name": "a, b", "size": "3"}, {"name": "c", "size": None}]


def test_a_row_too_long_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b\n1,2\n1,2,3\n")
    items = iter(opened("csv:f.csv", tmp_path).iterable)
    assert next(items) == {"a": "1", "b": "2"}
    with pytest.raises(WorkloadError, match=r"^f.csv, line 3 has more fields than the first line$"):
        next(items)


def test_records_are_not_read_ahead(tmp_path: Path) -> None:
    def endless() -> Iterator[str]:
        for number in itertools.count():
            assert number < 3, "read ahead"
            yield f"{number}\n"

    class Endless(io.StringIO):
        def __iter__(self) -> Any:
            return endless()

    source = open_source("lines:-", made(), tmp_path, Endless())
    assert list(itertools.islice(source.iterable, 3)) == ["0", "1", "2"]


# A workload's own items


def test_a_workload_brings_its_own_items(tmp_path: Path) -> None:
    in_words = pooltop.workload(items="range:2")(lambda x: x)
    a_list = pooltop.workload(items=["a"])(lambda x: x)
    assert list(opened(None, tmp_path, function=in_words).iterable) == [0, 1]
    source = opened(None, tmp_path, function=a_list)
    assert (source.iterable, source.total, source.textual) == (["a"], 1, False)
    assert list(opened("range:1", tmp_path, function=a_list).iterable) == [0]


def test_its_function_of_items_gets_the_options_and_the_folder_of_the_run(tmp_path: Path) -> None:
    def several(size: int, run_folder: Path) -> list[Any]:
        return [size, run_folder]

    function = pooltop.workload(items=several)(lambda x: x)
    source = open_source(
        None, made(function), tmp_path, None, options={"size": 3, "other": 4}, run_folder=tmp_path / "run"
    )
    assert source.iterable == [3, tmp_path / "run"]


def test_a_workload_without_items_says_how_to_give_them(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"^own:work needs items: give --items with range:N, glob:PATTERN"):
        opened(None, tmp_path)
    check_spec(None, tmp_path)

"""Return values as JSON lines, as a table, as one pickle; and read again where their classes are a person's."""

import csv
import dataclasses
import io
import json
import os
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pooltop.errors import WorkloadError
from pooltop.printable import printable
from pooltop.work.export import write_csv, write_jsonl, write_pickle
from pooltop.work.locate import locate
from pooltop.work.output import appearing_whole
from pooltop.work.unpickle import Unpickler


@dataclasses.dataclass
class Point:
    x: int
    y: str


class Pair(NamedTuple):
    x: int
    y: str


def table(*values: Any, **options: Any) -> list[list[str]]:
    file = io.BytesIO()
    write_csv(list(enumerate(values)), file, **options)
    return list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))


@pytest.mark.parametrize("record", [Point(1, "a,b"), Pair(1, "a,b"), {"x": 1, "y": "a,b"}])
def test_records_have_a_column_for_each_field(record: Any) -> None:
    assert table(record, {"y": None, "x": [1, 2]}) == [["index", "x", "y"], ["0", "1", "a,b"], ["1", "[1, 2]", ""]]


@pytest.mark.parametrize(
    "values", [({"x": 1}, {"y": 1}), ({"x": 1}, 3), ({1: 2},), ({},), ({"index": 1},), (Point, Point(1, ""))]
)
def test_what_is_not_all_alike_is_one_column(values: tuple[Any, ...]) -> None:
    assert table(*values)[0] == ["index", "result"] and len(table(*values)) == len(values) + 1


def test_values_are_written_as_a_table_wants_them() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no name")

        __repr__ = __str__

    values = (True, 1.5, Decimal("0.10"), Path("a/b"), (1, "x"), None, Mute())
    assert [row[1] for row in table(*values)[1:]] == [
        *("True", "1.5", "0.10", "a/b", '[1, "x"]', "", "<Mute without a repr: RuntimeError: no name>")
    ]


def test_bytes_of_a_file_name_that_are_no_text_are_shown() -> None:
    assert table("caf\udce9")[1] == ["0", r"caf\udce9"]


def test_no_results_are_a_header() -> None:
    assert table() == [["index", "result"]]


@example([{"a": "one\rtwo", "b\n": 1}])
@given(st.lists(st.fixed_dictionaries({"a": st.text(st.characters(codec="utf-8")), "b\n": st.integers()})))
def test_a_table_can_be_read_again(values: list[dict[str, Any]]) -> None:
    file = io.BytesIO()
    write_csv(list(enumerate(values)), file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert rows == [{"index": str(n), "a": v["a"], "b\n": str(v["b\n"])} for n, v in enumerate(values)]


def test_on_a_terminal_cells_are_harmless() -> None:
    assert table({"\x1b": "\x1b[2J"}, show=printable) == [["index", "\\x1b"], ["0", "\\x1b[2J"]]


@pytest.mark.parametrize("late", [7, {"y": 2}])
def test_records_that_come_in_the_meantime_and_do_not_fit_are_no_silent_rows(late: object) -> None:
    class Growing:
        """A run that goes on: each reading finds one more."""

        def __init__(self) -> None:
            self.values: list[Any] = []

        def __iter__(self) -> Any:
            self.values.append({"x": 1} if not self.values else late)
            return iter(list(enumerate(self.values)))

    with pytest.raises(WorkloadError, match="another form"):
        write_csv(Growing(), io.BytesIO())


def test_lines_and_pickle_hold_the_values() -> None:
    rows = list(enumerate(["ä", {"a": (1,)}, 2]))
    lines, body = io.BytesIO(), io.BytesIO()
    write_jsonl(rows, lines)
    write_pickle(rows, body)
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == ["ä", {"a": [1]}, 2]
    assert pickle.loads(body.getvalue()) == ["ä", {"a": (1,)}, 2]


def test_a_pipe_is_written_to_as_it_is_and_a_file_appears_whole(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        with os.fdopen(writing, "wb"), appearing_whole(Path(f"/dev/fd/{writing}")) as file:
            file.write(b"through")
        assert pipe.read() == b"through"
    with appearing_whole(tmp_path / "whole") as file:
        file.write(b"it")
        assert not (tmp_path / "whole").exists()
    assert (tmp_path / "whole").read_bytes() == b"it"


def pickled(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n.".encode()


def test_classes_come_from_the_workloads_own_file_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "my.shapes.py").write_text("class Round: pass\ndef f(x): return x\n")
    unpickled = Unpickler(locate(f"{tmp_path}/my.shapes.py:f", tmp_path))
    assert unpickled(pickled("my_shapes", "Round")).__module__ == "my_shapes"
    with pytest.raises(WorkloadError, match="my_shapes has no 'Square'"):
        unpickled(pickled("my_shapes", "Square"))


def test_what_cannot_be_unpickled_is_one_line(tmp_path: Path) -> None:
    unpickled = Unpickler(None)
    assert unpickled(pickle.dumps([1, "a"])) == [1, "a"]
    with pytest.raises(WorkloadError, match="no module named 'shapes_that_are_gone'"):
        unpickled(pickled("shapes_that_are_gone", "Round"))
    with pytest.raises(WorkloadError, match="cannot be unpickled: EOFError"):
        unpickled(b"")
    (tmp_path / "broken_shapes.py").write_text("1 / 0\ndef f(x): return x")
    with pytest.raises(WorkloadError, match=r"broken_shapes.*ZeroDivisionError"):
        Unpickler(locate("broken_shapes:f", tmp_path))(pickled("broken_shapes", "Round"))

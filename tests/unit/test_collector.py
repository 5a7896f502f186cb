"""Return values as JSON lines."""

import json
import os
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooltop.children.collector import Results, checked, plain, write_output
from pooltop.errors import WorkloadError
from pooltop.model import Failure, RunSpec
from pooltop.run.journal import Journal
from pooltop.wire.messages import Kept
from pooltop.work.declare import Outcome
from pooltop.work.output import json_line


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no name")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (float("nan"), "nan"),
        (b"x", "b'x'"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("\ud800", "\ud800"),
        (Mute(), "<Mute without a repr: RuntimeError: no name>"),
    ],
)
def test_what_json_cannot_hold_is_its_repr(value: object, expected: object) -> None:
    assert json.loads(json_line(value)) == expected


def test_an_integer_too_long_to_write_is_no_obstacle() -> None:
    assert "without a repr" in json.loads(json_line(10**5000))


def test_what_holds_itself_is_its_repr() -> None:
    ring: list[object] = []
    ring.append(ring)
    assert json.loads(json_line(ring)) == "[[...]]"


def test_digits_beyond_64_bits_are_kept_as_text() -> None:
    assert plain({"small": 2**64 - 1, "large": 2**64, "below": -(2**63) - 1}) == {
        "small": 2**64 - 1,
        "large": str(2**64),
        "below": str(-(2**63) - 1),
    }


class Lines:
    """Stands for the results of a run."""

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])


def written(output: Path) -> None:
    write_output(Lines(), output)  # type: ignore[arg-type]  # only iterated


def test_a_file_appears_whole(tmp_path: Path) -> None:
    written(tmp_path / "out.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert (tmp_path / "out.jsonl").read_text() == "1\n2\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    written(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "1\n2\n"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    got: list[str] = []
    reading.start()
    written(tmp_path / "pipe")
    reading.join(20)
    assert got == ["1\n2\n"]
    assert (tmp_path / "pipe").is_fifo()


def test_what_cannot_be_written_is_one_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=f"^cannot write {tmp_path}/none/out: No such file or directory$"):
        written(tmp_path / "none" / "out")


def test_what_a_check_prints_is_kept_and_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    def check(_: Outcome) -> tuple[int, int]:
        for number in range(30):
            print("line", number)
        return 1, 1

    said = checked(check, Outcome(results=(), options={}, items=0, failed=0))
    assert (said.ok, said.printed[0], len(said.printed)) == (True, "line 0", 20)
    assert capsys.readouterr().out.endswith("line 29\n")


def test_a_check_that_returns_no_pair_is_one_line() -> None:
    with pytest.raises(WorkloadError, match=r"^the check raised TypeError: "):
        checked(lambda _: 5, Outcome(results=(), options={}, items=0, failed=0))  # type: ignore[arg-type,return-value]  # as a person may


def test_results_come_in_input_order_a_row_at_a_time(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "journal.db", RunSpec(workload="w", directory="/"))
    journal.begin_session()
    journal.result(2, 2, b"no pickle")
    journal.result(0, 2, pickle.dumps([0]), failures=[Failure(index=1, item="1", error="x")])
    journal.begin_session()
    journal.kept(Kept(4, 10, bytes(64), 1, 0, failed=1))
    journal.result(0, 1, pickle.dumps(["new"]))
    journal.close()
    values = iter(Results(tmp_path / "journal.db"))
    assert [next(values), next(values)] == ["new", 0]
    with pytest.raises(pickle.UnpicklingError):
        next(values)

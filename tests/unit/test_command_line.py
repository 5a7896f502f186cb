"""Words of the command line: which are ours, which are the function's, and what their values mean."""

import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.cli import values
from pooltop.cli.run import run

OURS = [
    ["-j", "2"],
    ["-j3"],
    ["--items", "range:8"],
    ["--items=a=b"],
    ["--headless"],
    ["--detach"],
    ["--chunksize", "auto"],
    ["--chunksize=7"],
    ["--retries", "0"],
    ["--baseline", "none"],
    ["--start-method=spawn"],
    ["--json", "-"],
    ["--hz", "4"],
]
THEIRS = [
    ["--radius", "3"],
    ["--radius=3"],
    ["--flag"],
    ["--no-lock"],
    ["--shift", "-1"],
    ["--shift=-1e-5"],
    ["--shift", "-0.5"],
    ["-x"],
    ["-hjo"],
    ["--sizes", "1", "2"],
    ["-"],
    [""],
    ["--name", "--items-of-mine"],
    ["日本"],
]


def parsed(*arguments: str) -> dict[str, object]:
    return run.make_context("run", list(arguments)).params


@given(st.lists(st.sampled_from([*OURS, *THEIRS]), unique_by=tuple))
def test_our_options_and_the_functions_may_stand_in_any_order(groups: list[list[str]]) -> None:
    mixed = parsed("blur", *(word for group in groups for word in group))
    ours = parsed("blur", *(word for group in groups if group in OURS for word in group))
    theirs = tuple(word for group in groups if group in THEIRS for word in group)
    assert mixed == {**ours, "words": theirs}


def test_our_options_may_come_before_the_workload() -> None:
    assert parsed("-j", "2", "--headless", "blur", "--radius", "3") == parsed(
        "blur", "--radius", "3", "--headless", "-j2"
    )


def test_after_two_dashes_everything_is_the_functions() -> None:
    params = parsed("blur", "-j2", "--", "--items", "x", "--", "-j")
    assert (params["words"], params["items"]) == (("--items", "x", "--", "-j"), None)


@pytest.mark.parametrize("last", ["-j", "--items", "-o"])
def test_an_option_of_ours_without_its_value_says_so(last: str) -> None:
    with pytest.raises(click.UsageError, match=f"option {last} needs a value"):
        parsed("blur", last)


def test_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "default_workers", lambda: 8)
    counts = {"4": 4, "50%": 4, "1%": 1, "200%": 16, "+2": 10, "-2": 6, "-20": 1, "+0": 8}
    assert {text: values.worker_count(text) for text in counts} == counts


@pytest.mark.parametrize("text", ["0", "0%", "2049", "100000", "abc", "", "1.5", "-50%", "+", "٣", "1e3", "--headless"])
def test_what_is_no_number_of_workers_is_named(text: str) -> None:
    with pytest.raises(click.BadParameter, match=f"'{text}'".replace("+", r"\+")):
        values.worker_count(text)


def test_other_values() -> None:
    assert [values.items_in_a_chunk(text) for text in ("auto", "12")] == [None, 12]
    assert [values.signal_name(text) for text in ("kill", "SIGKILL", "9", "usr1")] == ["KILL", "KILL", "KILL", "USR1"]
    assert values.summary_file("-") == "-" and values.summary_file("/tmp/file") == values.output_file("/tmp/file")
    assert [values.hertz(text) for text in ("0.1", "20")] == [0.1, 20.0]


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        (values.items_in_a_chunk, "0"),
        (values.items_in_a_chunk, "many"),
        (values.signal_name, "SIGNAL"),
        (values.signal_name, "0"),
        (values.hertz, "0"),
        (values.hertz, "nan"),
        (values.hertz, "fast"),
        (values.at_least(1), "0"),
        (values.at_least(0), "-1"),
        (values.at_least(0), "9" * 30),
        (values.output_file, "/"),
        (values.output_file, "-"),
        (values.output_file, "/no such folder/file"),
    ],
)
def test_a_wrong_value_is_named(convert: object, text: str) -> None:
    assert callable(convert)
    with pytest.raises(click.BadParameter, match=text.split(" ")[0]):
        convert(text)


def test_the_command_line_starts_without_the_dashboard() -> None:
    code = "import sys, pooltop.cli.commands; sys.exit('textual' in sys.modules or 'tui' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

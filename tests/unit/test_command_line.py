"""Words of the command line: which are ours, which are the function's, and what their values mean."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.cli import values
from pooltop.cli.apart import check_apart
from pooltop.cli.run import run
from pooltop.model import Halt, RunSpec

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
    ["--timeout", "300%"],
    ["--memory-limit=2G"],
    ["--halt", "soon,fail=10%"],
    ["--retry-exceptions"],
    ["--maxtasksperchild", "9"],
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


def test_times_are_those_of_gnu_parallel() -> None:
    seconds = {"30": 30, "30s": 30, "0.5": 0.5, ".5m": 30, "5m": 300, "1h": 3600, "1d": 86400, "1d3.5h16.6m4s": 100000}
    assert {text: values.time_limit(text).seconds for text in seconds} == pytest.approx(seconds)
    assert values.time_limit("300%") == values.TimeLimit(percent=300)


def test_sizes_are_powers_of_1024() -> None:
    sizes = {"2G": 2 << 30, "2g": 2 << 30, "512MB": 512 << 20, "1.5GiB": 3 << 29, "1T": 1 << 40, "4000K": 4000 << 10}
    assert {text: values.memory_size(text) for text in sizes} == sizes
    assert values.memory_size("300000000") == 300_000_000


def test_when_failures_end_a_run() -> None:
    rules = {
        "never": None,
        "now,fail=3": Halt("now", count=3),
        "soon,fail=1": Halt("soon", count=1),
        "soon,fail=2.5%": Halt("soon", percent=2.5),
        "now,fail=100%": Halt("now", percent=100),
    }
    assert {text: values.halt_rule(text) for text in rules} == rules
    assert [str(rule) for rule in rules.values() if rule] == [text for text in rules if text != "never"]


def files(**given: str) -> RunSpec:
    return RunSpec(workload="w", directory=given.pop("directory"), **given)  # type: ignore[arg-type]  # files only


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("name", ["a", "link"])
def test_a_job_log_is_no_other_file_of_the_run(name: str, exists: bool, tmp_path: Path) -> None:
    here, log, a = str(tmp_path), str(tmp_path / name), str(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    if exists:
        (tmp_path / "a").touch()
    for items in ("lines:a", "jsonl:a", "csv:a", "a", f"lines:{a}"):
        with pytest.raises(click.UsageError, match="--joblog and --items are the same file"):
            check_apart(files(directory=here, items=items, joblog=log), None)
    with pytest.raises(click.UsageError, match="--joblog and -o are the same file"):
        check_apart(files(directory=here, output=a, joblog=log), None)
    with pytest.raises(click.UsageError, match="--joblog and --json are the same file"):
        check_apart(files(directory=here, joblog=log), a)


def test_files_that_are_not_the_same_may_be_together(tmp_path: Path) -> None:
    here = str(tmp_path)
    check_apart(files(directory=here, items="lines:a", output=f"{here}/b", joblog=f"{here}/c"), f"{here}/d")
    check_apart(files(directory=here, items="range:3", output="/dev/null", joblog="/dev/null"), "/dev/null")
    check_apart(files(directory=here, items="range:3", joblog=f"{here}/3"), None)
    check_apart(files(directory=here, items="-", joblog=f"{here}/-"), "-")


def test_a_job_log_is_begun_anew_or_gone_on_with(tmp_path: Path) -> None:
    assert values.job_log(f"{tmp_path}/log") == (tmp_path / "log", True)
    assert values.job_log(f"+{tmp_path}/log") == (tmp_path / "log", False)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(click.BadParameter, match="pipe is no file"):
        values.job_log(f"{tmp_path}/pipe")


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        *((values.time_limit, text) for text in ("0", "-1", "soon", "5 m", "1.5.2", "٣", "1e3", "inf", "90%", "m")),
        *((values.memory_size, text) for text in ("2", "1000K", "lots", "-2G", "2X", "1e9", "G", "inf")),
        *((values.halt_rule, text) for text in ("now", "now,fail=0", "now,fail=1.5", "soon,fail=101%", "fail=3")),
        (values.halt_rule, "now,fail=0%"),
        (values.halt_rule, "later,fail=3"),
        (values.job_log, "/"),
        (values.job_log, "-"),
        (values.job_log, "+"),
        (values.job_log, "/no such folder/log"),
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
        *((values.run_output, file) for file in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/2")),
        (values.job_log, "/dev/stdout"),
        (values.output_file, "/"),
        (values.output_file, "-"),
        (values.output_file, "/no such folder/file"),
    ],
)
def test_a_wrong_value_is_named(convert: object, text: str) -> None:
    assert callable(convert)
    with pytest.raises(click.BadParameter, match=re.escape(text.split(" ")[0])):
        convert(text)


def test_the_command_line_starts_without_the_dashboard() -> None:
    code = "import sys, pooltop.cli.commands; sys.exit('textual' in sys.modules or 'tui' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

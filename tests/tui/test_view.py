"""What the panels show: any snapshot, at any size, is lines of exactly that width with nothing dangerous in them."""

import re
import unicodedata
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooltop.model import (
    Check,
    Core,
    Progress,
    RunState,
    Snapshot,
    Speedup,
)
from tests.tui.anything import snapshots, texts
from tests.tui.fake import SEGFAULT, TOTAL, finished, logged, running, stopped, worker
from tui.view import cores, counters, details, failures, header, log, parting, result, shared, speedup, state, workers
from tui.view.line import Line, Lines, Role, Span, cell, fit, line
from tui.view.rows import scrolled
from tui.view.words import printable

UNSAFE = {"Cc", "Cs", "Zl", "Zp"}

PANELS: dict[str, Callable[[Snapshot, int, int], Lines]] = {
    "header": lambda s, w, h: [header.title(s, 1.1, w), header.progress(s, w)][:h],
    "cores": lambda s, w, h: cores.lines(s.cores, w, h),
    "workers": lambda s, w, h: workers.lines(s, 1, 0, w, h, True),
    "counters": lambda s, w, h: counters.lines(s.counters, w, h),
    "shared": lambda s, w, h: shared.lines(s.shared, w, h),
    "speedup": speedup.lines,
    "log": lambda s, w, h: log.lines(s.log, 2, w, h),
    "result": result.lines,
    "failures": lambda s, w, h: failures.lines(s, 1, 0, w, h),
    "details": lambda s, w, h: details.lines(s, 1, w, h),
}


def is_safe(text: str) -> bool:
    return not any(unicodedata.category(character) in UNSAFE for character in text)


@pytest.mark.parametrize("panel", PANELS)
@settings(max_examples=50)
@given(snapshot=snapshots, width=st.integers(1, 200), height=st.integers(1, 30))
def test_a_panel_is_lines_of_its_width_and_no_more_than_its_height(
    panel: str, snapshot: Snapshot, width: int, height: int
) -> None:
    shown = PANELS[panel](snapshot, width, height)
    assert len(shown) <= height
    for row in shown:
        assert row.cells == width
        assert is_safe(row.text)


@given(snapshot=snapshots)
def test_sentences_and_titles_are_one_safe_line(snapshot: Snapshot) -> None:
    for text in (
        state.explanation(snapshot).text,
        workers.title(snapshot, 0, 2),
        failures.title(snapshot, 0, 2),
        speedup.title(snapshot),
    ):
        assert is_safe(text)
        assert text


@given(texts)
def test_printable_text_stays_as_it_is_the_second_time(text: str) -> None:
    assert is_safe(printable(text))
    assert printable(printable(text)) == printable(text)


def test_control_characters_are_shown_not_obeyed() -> None:
    assert printable("a\x1b[31mb\n") == r"a\x1b[31mb\n"
    assert printable("plain name.jpg") == "plain name.jpg"


roles: st.SearchStrategy[Role] = st.sampled_from(["plain", "bad"])


@given(st.lists(st.builds(Span, texts.map(printable), roles), max_size=5), st.integers(0, 60))
def test_fitting_makes_a_line_exactly_as_wide_and_keeps_its_beginning(parts: list[Span], width: int) -> None:
    whole = line(*parts)
    fitted = fit(whole, width)
    assert fitted.cells == width
    if whole.cells <= width:
        assert fitted.text.rstrip() == whole.text.rstrip()
    elif width:
        assert "…" in fitted.text
        assert whole.text.startswith(fitted.text.rpartition("…")[0].rstrip())


def test_what_is_exactly_as_wide_is_not_cut() -> None:
    assert fit(line("abc", "def"), 6).text == "abcdef"
    assert fit(line("abc", "def", ""), 6).text == "abcdef"
    assert fit(line("abc", "defg"), 6).text == "abcde…"
    assert fit(line("abc", "d"), 3).text == "ab…"
    assert cell("写真", 3) == "写…"


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 4), (32, 4), (33, 8), (128, 8)])
def test_cores_stand_in_as_many_columns_as_there_is_need(count: int, columns: int) -> None:
    assert cores.columns(count) == columns
    many = tuple(Core(50.0) for _ in range(count))
    assert len(cores.lines(many, 240, 40)) == -(-count // columns)


def test_more_cores_than_fit_become_an_average_and_a_strip() -> None:
    many = tuple(Core(100.0 * (n % 2)) for n in range(200))
    text = "\n".join(row.text for row in cores.lines(many, 120, 10))
    assert "200 cores" in text and "50 %" in text
    assert text.count("█") == text.count("▁") == 100


@pytest.mark.parametrize("run_state", get_args(RunState))
def test_every_state_is_a_word_and_a_sentence(run_state: RunState) -> None:
    snapshot = running(state=run_state)
    assert run_state in header.title(snapshot, None, 140).text or run_state == "baseline"
    assert len(state.explanation(snapshot).text) > 10


def test_the_reason_of_a_failure_is_told() -> None:
    assert state.explanation(running(state="failed", reason="no such folder: x")).text == "no such folder: x"


def test_the_speedup_is_said_to_be_an_estimate_until_it_is_final() -> None:
    live = "\n".join(row.text for row in speedup.lines(running(), 80, 4))
    assert "3.61 ×" in live and "estimate" in live and "6:11" in live
    final = "\n".join(row.text for row in speedup.lines(finished(), 80, 4))
    assert "3.58 ×" in final and "estimate" not in final


@pytest.mark.parametrize("height", [1, 4])
def test_without_a_baseline_the_speedup_says_how_to_get_one(height: int) -> None:
    text = speedup.lines(running(speedup=Speedup(seconds=3.0)), 80, height)[0].text
    assert "not measured: --baseline full" in text


def test_the_baseline_is_explained_while_it_runs() -> None:
    snapshot = running(state="baseline", speedup=Speedup(), workers=(worker(0, done=7),))
    text = "\n".join(row.text for row in speedup.lines(snapshot, 80, 4))
    assert "plain loop" in text and "7 of 480" in text
    assert "pool" not in workers.lines(snapshot, 0, 0, 100, 5, True)[-1].text
    assert "loop" in workers.lines(snapshot, 0, 0, 100, 5, True)[1].text


def test_the_result_shows_speedup_check_failures_and_places() -> None:
    text = "\n".join(row.text for row in result.lines(finished(), 120, 12))
    for part in (
        "90 % efficient",
        "13:29",
        "3:46",
        "3.57 ×",
        "477 of 480",
        "3 failed",
        "SIGSEGV",
        "output",
        "expected",
    ):
        assert part in text
    assert result.wanted(finished(), 120) == len(result.lines(finished(), 120, 40))


@pytest.mark.parametrize("width", [140, 50])
def test_the_end_of_a_resumed_run_says_what_was_kept_what_changed_and_how_to_go_on(width: int) -> None:
    shown = result.lines(stopped(), width, 40)
    text = " ".join(" ".join(row.text for row in shown).split())
    assert "120 kept" in text
    assert stopped().notes[0] in text, "whole, on as many lines as it takes"
    assert f"pooltop resume {stopped().run}" in text and f"pooltop failures {stopped().run}" in text
    assert result.wanted(stopped(), width) == len(shown)
    assert "120 kept from before" in header.progress(stopped(), 140).text
    assert "120 kept" in header.progress(stopped(), 80).text


@pytest.mark.parametrize(
    ("snapshot", "ways"),
    [
        (finished(), ["failures"]),
        (finished(progress=Progress(total=3, done=3), failures=()), []),
        (running(state="failed", progress=Progress(total=3, done=1)), ["resume"]),
        (running(state="failed", progress=Progress(), run=""), []),
    ],
)
def test_only_commands_that_make_sense_are_named(snapshot: Snapshot, ways: list[str]) -> None:
    text = "\n".join(row.text for row in result.lines(snapshot, 120, 20))
    assert re.findall(r"pooltop (failures|resume)", text) == ways


def test_a_small_result_gives_way_to_its_first_lines() -> None:
    first = result.lines(finished(), 100, 1)
    assert [row.text.split()[:2] for row in first] == [["speedup", "3.58"]]


def test_the_table_scrolls_as_little_as_it_must() -> None:
    assert scrolled(top=0, chosen=5, shown=4, count=20) == 2
    assert scrolled(top=9, chosen=5, shown=4, count=20) == 5
    assert scrolled(top=4, chosen=5, shown=4, count=20) == 4
    assert scrolled(top=18, chosen=19, shown=10, count=20) == 10


def test_a_printed_line_names_who_printed_it_and_nobody_where_no_item_did() -> None:
    entries = (
        logged(1, "hello", kind="out", slot=2, item="a/IMG.jpg"),
        logged(2, "alone", kind="out", item="IMG.jpg"),
        logged(3, "300 found", kind="out"),
        logged(4, "run finished"),
    )
    shown = [row.text.split("  ", 1)[1].rstrip() for row in log.lines(entries, 0, 100, 9)]
    assert shown == ["2 · IMG.jpg │ hello", "loop · IMG.jpg │ alone", "│ 300 found", "run finished"]


def test_figures_keep_their_columns() -> None:
    rows = workers.lines(running(), 1, 0, 120, 8, True)
    small = workers.lines(running(workers=(worker(1, cpu=0.0, done=1),)), 1, 0, 120, 8, True)
    assert rows[1].text.index("IMG") == small[1].text.index("IMG")


def test_an_abnormal_state_is_never_told_by_colour_alone() -> None:
    rows = workers.lines(running(), 2, 0, 120, 8, True)
    assert "stopped" in rows[3].text and rows[3] != Line()
    assert rows[2].text.startswith("▌") and not rows[1].text.startswith("▌")


@pytest.mark.parametrize(("width", "said"), [(140, "slow, computing"), (80, " slow"), (50, " slow"), (40, " slow")])
def test_a_slow_item_is_marked_at_any_width(width: int, said: str) -> None:
    snapshot = running(workers=(worker(1, slow="computing", progress=0.3), worker(2)))
    _, slow, other, *_ = workers.lines(snapshot, 1, 0, width, 8, True)
    assert said in slow.text and "slow" not in other.text
    assert workers.title(snapshot, 0, 2) == "Workers 2 · 1 slow"
    assert "Worker 1 is computing for over 5 times the median" in state.explanation(snapshot).text


def test_a_slow_item_that_waits_for_something_shared_says_for_what() -> None:
    held_up = running(workers=(worker(1, slow="waiting", waits_for="lock"),))
    assert "slow, waits for lock" in workers.lines(held_up, 1, 0, 140, 8, True)[1].text
    assert "waiting  CPU idle" in "\n".join(row.text for row in details.lines(held_up, 1, 78, 20))


def test_the_account_of_a_failure_has_all_that_is_known_of_it() -> None:
    text = failures.account(SEGFAULT)
    for part in ("IMG_2193.jpg", "9 of the input", "SIGSEGV", "3", "1.40 s", "61 MB", "half read", "line 12 in blur"):
        assert part in text
    short = failures.account(running().failures[-1])
    assert "notes.txt" in short and "took" not in short and "printed" not in short


def test_more_failures_than_are_known_here_are_counted_all_the_same() -> None:
    snapshot = running(progress=Progress(total=TOTAL, done=5, failed=1204))
    assert failures.title(snapshot, 1, 2) == "Failed items 1,204 · the newest 3 · 2–3 shown"


def test_what_is_left_on_the_terminal_says_how_it_ended_or_how_to_find_it() -> None:
    assert "blur finished" in parting.at_the_end(finished()) and "output" in parting.at_the_end(finished())
    assert "pooltop attach 20251122-140200-blur" in parting.in_the_background(running())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"progress": Progress(total=3, done=3)}, 0),
        ({"progress": Progress(total=3, done=2, failed=1)}, 1),
        ({"progress": Progress(total=3, done=3), "check": Check(3, 2, False)}, 1),
        ({"progress": Progress(total=3, done=1), "state": "stopped"}, 1),
        ({"progress": Progress(), "state": "failed"}, 1),
    ],
)
def test_the_exit_code_says_whether_all_went_well(changes: dict[str, object], code: int) -> None:
    assert parting.exit_code(finished(**changes)) == code

"""squares: every number is squared once, in spans or alone, and the rates of both are told."""

from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop import Outcome
from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.squares import Starts, Summed, numbers_from, squares, sum_in_closed_form


@given(n=st.integers(1, 2000), span=st.integers(1, 300), singly=st.integers(0, 2500))
def test_items_hold_every_number_once(n: int, span: int, singly: int) -> None:
    starts = Starts(n, span, singly)
    items = [numbers_from(first, n, span, singly) for first in starts]
    assert list(chain.from_iterable(items)) == list(range(1, n + 1))
    assert len(items) == len(starts)
    assert sum(len(item) == 1 for item in items) >= min(n, singly)


def test_a_hundred_million_numbers_are_not_made_beforehand() -> None:
    assert list(islice(Starts(100_000_000, 1, 0), 3)) == [1, 2, 3]


def outcome(n: int, span: int, singly: int) -> Outcome:
    results = [squares(first, n, span, singly) for first in Starts(n, span, singly)]
    return Outcome(results=results, options={"n": n, "singly": singly}, items=len(results), failed=0)


@given(n=st.integers(1, 500), span=st.integers(1, 50), singly=st.integers(0, 100))
def test_closed_form(n: int, span: int, singly: int) -> None:
    expected, actual = sum_in_closed_form(outcome(n, span, singly))
    assert expected == actual == sum(number**2 for number in range(1, n + 1))


def test_a_missing_square_is_wrong() -> None:
    whole = outcome(n=100, span=10, singly=5)
    results: list[Summed] = list(whole.results)
    for left_out in (0, -1):
        less = Outcome(
            results=[r for r in results if r is not results[left_out]], options=whole.options, items=15, failed=1
        )
        expected, actual = sum_in_closed_form(less)
        assert expected - actual == results[left_out]["total"]


@pytest.mark.parametrize(
    ("singly", "told"),
    [(5, ["a plain loop", "the pool, in spans", "the pool, one by one"]), (0, ["a plain loop", "the pool, in spans"])],
)
def test_rates_are_told(singly: int, told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    sum_in_closed_form(outcome(n=100, span=10, singly=singly))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:20].rstrip() for line in lines] == told
    assert all("numbers a second" in line for line in lines)


def test_rates_count_the_waiting_in_between(capsys: pytest.CaptureFixture[str]) -> None:
    results = [
        Summed(first=1, numbers=50, total=0, began=10.0, ended=10.1),
        Summed(first=51, numbers=50, total=0, began=10.4, ended=10.5),
        Summed(first=101, numbers=1, total=0, began=10.5, ended=10.75),
    ]
    sum_in_closed_form(Outcome(results=results, options={"n": 101, "singly": 1}, items=3, failed=0))
    _, in_spans, alone = capsys.readouterr().out.splitlines()
    assert "200 numbers a second" in in_spans
    assert " 4 numbers a second" in alone


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_real(lab: Lab, start_method: StartMethod) -> None:
    options = ("--n", "200000", "--span", "1000", "--singly", "2000")
    final = await play(lab, "squares", *options, workers=2, start_method=start_method)
    assert verdict(final) == (2666686666700000, 2666686666700000, True)
    assert final.progress.total == final.progress.done == 2198


async def test_killed(lab: Lab) -> None:
    final = await play(lab, "squares", "--n", "20000000", "--span", "100000", "--singly", "1000", workers=2, kills=2)
    assert final.check is not None and final.check.ok
    assert final.progress.done == 1200

"""The running median of what items take, and what follows from it."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from pooltop.rules.durations import ENOUGH, NEWEST, Durations, time_limit

seconds = st.floats(0, 1e6)


@given(st.lists(st.tuples(st.integers(1, 5), seconds), max_size=30))
def test_the_median_is_that_of_all_items(blocks: list[tuple[int, float]]) -> None:
    durations = Durations()
    items = []
    for count, took in blocks:
        durations.saw(count, took)
        items += [took / count] * count
    expected = statistics.median_low(items) if len(items) >= ENOUGH else None
    assert durations.median == expected


def test_only_the_newest_count() -> None:
    durations = Durations()
    for took in [100.0] * NEWEST + [1.0] * NEWEST:
        durations.saw(1, took)
    assert durations.median == 1.0


def test_slow_is_more_than_five_times_the_median() -> None:
    durations = Durations()
    assert not durations.are_slow(1, 1e9), "nothing is known yet"
    durations.saw(ENOUGH, 10.0)
    assert [durations.are_slow(1, 4.9), durations.are_slow(1, 5.1), durations.are_slow(4, 5.1)] == [False, True, False]


def test_the_stricter_limit_counts() -> None:
    assert time_limit(None, None, 2.0) is None
    assert time_limit(None, 300, None) is None, "not before the median is known"
    assert time_limit(30, 300, None) == 30
    assert time_limit(30, 300, 2.0) == 6
    assert time_limit(1, 300, 2.0) == 1
    assert time_limit(None, 300, 0.001) == 0.5, "any process may have to wait for a CPU"

"""Speedup and efficiency, rates and remaining times."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Baseline
from pooltop.rules.speedup import RateMeter, eta, mean_workers, speedup

seconds = st.floats(0.001, 1e6)
workers = st.integers(1, 1024)
totals = st.integers(1, 10**9)


@given(seconds, seconds, seconds, workers, totals)
def test_at_the_end_it_is_the_textbook(t1: float, tn: float, start: float, n: int, total: int) -> None:
    baseline = Baseline(t1, "full")
    seen = speedup(baseline=baseline, startup_seconds=start, seconds=tn, workers=n, done=total, total=total, final=True)
    assert seen.speedup == pytest.approx(t1 / tn)
    assert seen.speedup_with_startup == pytest.approx(t1 / (tn + start))
    assert seen.efficiency == pytest.approx(t1 / tn / n)
    assert (seen.baseline, seen.seconds, seen.startup_seconds, seen.final) == (baseline, tn, start, True)


@given(seconds, st.integers(1, 10**6), st.integers(1, 10**6), workers)
def test_on_the_way_it_compares_what_is_done(tn: float, done: int, left: int, n: int) -> None:
    """Where one item takes a process one second, n seconds' worth of items were done in tn."""
    baseline = Baseline(float(done + left), "full")
    seen = speedup(
        baseline=baseline, startup_seconds=0.0, seconds=tn, workers=n, done=done, total=done + left, final=False
    )
    assert seen.speedup == pytest.approx(done / tn)
    assert not seen.final


def test_eight_workers_five_times_as_fast() -> None:
    seen = speedup(
        baseline=Baseline(100.0, "full"), startup_seconds=5.0, seconds=20.0, workers=8, done=40, total=40, final=True
    )
    assert (seen.speedup, seen.speedup_with_startup, seen.efficiency) == (5.0, 4.0, 0.625)


@pytest.mark.parametrize(
    ("baseline", "elapsed", "done", "total"),
    [
        (None, 5.0, 5, 10),
        (Baseline(9.0, "full"), None, 5, 10),
        (Baseline(9.0, "full"), 0.0, 5, 10),
        (Baseline(9.0, "full"), 5.0, 0, 10),
        (Baseline(9.0, "full"), 5.0, 5, None),
        (Baseline(9.0, "full"), 5.0, 0, 0),
    ],
)
def test_what_cannot_be_known_is_none(
    baseline: Baseline | None, elapsed: float | None, done: int, total: int | None
) -> None:
    seen = speedup(
        baseline=baseline, startup_seconds=1.0, seconds=elapsed, workers=2, done=done, total=total, final=False
    )
    assert seen.speedup is seen.speedup_with_startup is seen.efficiency is None


def test_without_a_known_start_the_rest_is_known() -> None:
    seen = speedup(
        baseline=Baseline(9.0, "full"), startup_seconds=None, seconds=3.0, workers=3, done=1, total=1, final=True
    )
    assert (seen.speedup, seen.speedup_with_startup, seen.efficiency) == (3.0, None, 1.0)


def test_no_workers_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1 worker"):
        speedup(baseline=None, startup_seconds=None, seconds=None, workers=0, done=0, total=0, final=False)


gaps = st.lists(st.floats(0, 100), min_size=1, max_size=60)
counts = st.integers(1, 1000)


def metered(flow: list[tuple[float, int]]) -> RateMeter:
    meter = RateMeter(0.0)
    for time, count in flow:
        meter.add(time, count)
    return meter


@given(st.floats(0.001, 1000), st.integers(2, 200), counts)
def test_a_steady_flow_has_its_rate(gap: float, times: int, count: int) -> None:
    flow = [(gap * n, count) for n in range(1, times + 1)]
    now = flow[-1][0]
    rate = metered(flow).rate(now)
    assert rate is None if now < 1 else rate == pytest.approx(count / gap)


@given(gaps, counts)
def test_a_rate_is_between_nothing_and_all_at_once(between: list[float], count: int) -> None:
    flow = [(time, count) for time in accumulate(between)]
    rate = metered(flow).rate(flow[-1][0] + 1)
    assert rate is not None
    assert 0 <= rate <= len(flow) * count


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60), st.floats(1, 20))
def test_how_a_delivery_is_split_makes_no_difference(between: list[float], later: float) -> None:
    times = list(accumulate(between))
    together, apart = metered([(time, 2) for time in times]), metered([(time, 1) for time in times for _ in "ab"])
    assert together.rate(times[-1] + later) == apart.rate(times[-1] + later)


@given(gaps)
def test_silence_ends_at_zero(between: list[float]) -> None:
    times = list(accumulate(between))
    meter = metered([(time, 1) for time in times])
    assert meter.rate(times[-1] + max(10, 4 * max(between)) + 1) == 0


def test_fast_items_are_counted_over_ten_seconds() -> None:
    meter = metered([(n / 100, 1) for n in range(1, 6001)])
    for n in range(1, 3001):
        meter.add(60 + n / 50, 1)
    assert meter.rate(120) == pytest.approx(50)
    assert meter.rate(125) == pytest.approx(25, rel=0.1)
    assert meter.rate(131) == 0


def test_slow_items_keep_a_rate_between_two_of_them() -> None:
    meter = metered([(30, 1), (60, 1), (90, 1)])
    assert meter.rate(115) == pytest.approx(1 / 30, rel=0.3)


def test_unknown_until_something_ended_and_a_second_passed() -> None:
    meter = RateMeter(100.0)
    assert meter.rate(160) is None
    meter = RateMeter(100.0)
    meter.add(100.5, 7)
    assert meter.rate(100.9) is None
    assert meter.rate(102) == pytest.approx(3.5)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0.001, 1e9))
def test_eta_is_what_is_left_at_that_rate(done: int, left: int, rate: float) -> None:
    assert eta(done + left, done, rate) == pytest.approx(left / rate)


def test_eta_is_unknown_without_a_total_or_a_rate() -> None:
    assert eta(None, 5, 1.0) is None
    assert eta(10, 5, None) is None
    assert eta(10, 5, 0.0) is None


def test_eta_is_zero_when_all_is_done() -> None:
    assert eta(10, 10, None) == eta(10, 10, 0.0) == eta(0, 0, None) == 0


def test_a_resized_pool_has_a_size_on_average() -> None:
    assert mean_workers([(10.0, 2)], 10.0) == 2
    assert mean_workers([(10.0, 2), (14.0, 4)], 16.0) == pytest.approx((4 * 2 + 2 * 4) / 6)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50)), min_size=1), st.floats(0, 200))
def test_the_average_size_lies_between_the_extremes(sizes: list[tuple[float, int]], until: float) -> None:
    sizes.sort()
    numbers = [size for _, size in sizes]
    assert min(numbers) - 1e-9 <= mean_workers(sizes, until) <= max(numbers) + 1e-9

"""The gallery's sorting: sorted, the same numbers, whoever dies over them; and three times that can be compared."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pooltop
from pooltop.model import SharedObject, Snapshot, StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.sorting import every_number_in_its_place, gather_bucket, sort_slice

TIMES = ("sorted_s", "one_process_s", "parallel_s")


def times(final: Snapshot) -> dict[str, float]:
    """The three of a run."""
    shared: dict[str, SharedObject] = {each.name: each for each in final.shared}
    return {name: float(str(shared[name].value)) for name in TIMES}


def told(numbers: list[float], output: list[float]) -> bool:
    """Whether the check holds the output for right."""
    measured = {name: SimpleNamespace(value=0.5) for name in TIMES}
    expected, actual = every_number_in_its_place(
        pooltop.Outcome(
            results=[], options={}, items=2, failed=0, shared={"numbers": numbers, "output": output, **measured}
        )
    )
    return expected == actual


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_sorted(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "sorting", "--n", "50000", start_method=start_method)
    assert verdict(final) == (50000, 50000, True)
    assert final.workers_requested == 2
    assert all(seconds > 0 for seconds in times(final).values())
    assert len([line for line in final.log if "speedup" in line.text]) == 2


@pytest.mark.parametrize(("n", "parts"), [(1, 1), (3, 4), (1001, 3)])
async def test_any_sizes(lab: Lab, n: int, parts: int) -> None:
    final = await play(lab, "sorting", "--n", str(n), "--parts", str(parts))
    assert verdict(final) == (n, n, True)


async def test_workers_killed_meanwhile(lab: Lab) -> None:
    final = await play(lab, "sorting", "--n", "300000", "--parts", "3", kills=3)
    assert verdict(final) == (300000, 300000, True)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75]) | st.floats(0, 1), min_size=1, max_size=200), st.integers(1, 9))
def test_the_parts_together_sort(numbers: list[float], parts: int) -> None:
    runs, output = ([-1.0] * len(numbers) for _ in range(2))
    for part in reversed(range(parts)):
        sort_slice(part, parts, numbers, runs)
    for part in reversed(range(parts)):
        gather_bucket(part, parts, runs, output)
    assert output == sorted(numbers)


def test_the_check_says_no() -> None:
    assert told([0.3, 0.1, 0.2], [0.1, 0.2, 0.3])
    assert not told([0.3, 0.1, 0.2], [0.1, 0.3, 0.2])
    assert not told([0.3, 0.1, 0.2], [0.1, 0.2, 0.2])
    assert not told([0.3, 0.1, 0.2], [0.0, 0.0, 0.0])

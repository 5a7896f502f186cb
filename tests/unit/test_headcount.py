"""How many workers a run has."""

import pytest

from pooltop.errors import WorkloadError
from pooltop.model import BaselineMethod, RunSpec
from pooltop.rules.headcount import workers_for


def headcount(
    workers: int | None = None, *, together: int = 1, total: int | None = 100, baseline: BaselineMethod = "none"
) -> int:
    spec = RunSpec(workload="work", workers=workers, baseline=baseline, directory="/")
    return workers_for(spec, together, total, 4)


def test_as_many_as_the_person_says() -> None:
    assert headcount(9) == 9
    assert headcount(9, total=3) == 9


def test_else_one_a_cpu_and_no_more_than_items() -> None:
    assert headcount() == 4
    assert headcount(total=None) == 4
    assert headcount(total=3) == 3
    assert headcount(total=0) == 1


def test_never_fewer_than_must_run_together() -> None:
    assert headcount(together=6, total=6) == 6
    assert headcount(8, together=6) == 8


def test_too_few_are_refused_in_one_line() -> None:
    with pytest.raises(WorkloadError, match=r"^work: 6 items must run together, so 5 workers are too few: -j 6$"):
        headcount(5, together=6)


def test_what_must_run_together_has_no_baseline() -> None:
    with pytest.raises(WorkloadError, match="no baseline"):
        headcount(together=2, baseline="full")
    assert headcount(baseline="full") == 4

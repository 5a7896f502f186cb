"""When too many failures end a run."""

import pytest

from pooltop.model import Halt
from pooltop.rules.halt import verdict


@pytest.mark.parametrize(
    ("halt", "failed", "ended", "ends"),
    [
        (None, 100, 100, False),
        (Halt("now", count=1), 0, 5, False),
        (Halt("now", count=1), 1, 5, True),
        (Halt("soon", count=3), 2, 2, False),
        (Halt("soon", count=3), 4, 90, True),
        (Halt("now", percent=50), 2, 2, False),
        (Halt("now", percent=50), 3, 6, True),
        (Halt("now", percent=50), 3, 7, False),
        (Halt("soon", percent=0), 0, 7, False),
    ],
)
def test_a_run_is_halted_when_its_rule_says_so(halt: Halt | None, failed: int, ended: int, ends: bool) -> None:
    assert bool(verdict(halt, failed, ended)) == ends


def test_the_reason_names_figures_and_rule() -> None:
    assert verdict(Halt("soon", percent=12.5), 300, 2400) == "300 items of 2,400 failed (--halt soon,fail=12.5%)"

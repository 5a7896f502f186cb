"""map: eight numbers doubled, in their order, and as many at a time as there are workers."""

import pytest

from pooltop import Outcome
from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.map import doubled

DOUBLED = [2, 4, 6, 8, 10, 12, 14, 16]


def check(results: list[int]) -> bool:
    expected, actual = doubled(Outcome(results=results, options={}, items=8, failed=0))
    return expected == actual


def test_check() -> None:
    assert check(DOUBLED)
    assert not check(DOUBLED[:-1])
    assert not check([4, 2, *DOUBLED[2:]])


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_real(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "map", "--seconds", "0.05", workers=4, start_method=start_method)
    assert verdict(final) == (DOUBLED, DOUBLED, True)


async def test_killed(lab: Lab) -> None:
    final = await play(lab, "map", "--seconds", "0.25", workers=2, kills=3)
    assert verdict(final) == (DOUBLED, DOUBLED, True)


async def test_speedup_comes_close_to_the_number_of_workers(lab: Lab) -> None:
    """Sleeping needs no core, so that holds on any machine, if not to the hundredth with numbers as short as these."""
    run = await lab.start("map", None, "--seconds", "0.25", gallery=True, workers=4, baseline="full")
    final = await run.end()
    assert final.speedup.speedup is not None
    assert 3 < final.speedup.speedup < 4.2

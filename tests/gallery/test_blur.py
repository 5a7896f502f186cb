"""blur, run for real: one output a picture, also when workers are killed in the middle of one."""

from pathlib import Path

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.blur import make_picture

PICTURES = 6


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        make_picture(number, folder)
    return folder


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_every_picture(lab: Lab, pictures: Path, start_method: StartMethod) -> None:
    final = await play(lab, "blur", items=str(pictures), start_method=start_method)
    assert verdict(final) == (PICTURES, PICTURES, True)


async def test_killed_workers_leave_neither_gaps_nor_halves(lab: Lab, pictures: Path) -> None:
    out = lab.folder / "blurred"
    final = await play(lab, "blur", f"--out={out}", items=str(pictures), kills=4)
    assert verdict(final) == (PICTURES, PICTURES, True)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in pictures.iterdir())

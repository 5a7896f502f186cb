"""Whatever ends a worker, at whatever moment, however it had been started: nothing is lost, doubled or left behind.

A sample of the cells is in every test run; all of them are in `make chaos` (pytest -m '').
"""

import pytest

from tests.engine.harness import Lab
from tests.engine.matrix import Cell, cells, suffer


@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, id="-".join(cell), marks=() if cell.sampled else pytest.mark.chaos) for cell in cells()],
)
async def test_a_fault_leaves_no_trace(lab: Lab, cell: Cell) -> None:
    await suffer(lab, cell)


SLOW_IMPORT = """
import os, pathlib, time
mark = pathlib.Path(os.environ["POOLTOP_LAB"], "importing")
if not mark.exists():
    mark.touch()
    time.sleep(600)

def square(item: int) -> int:
    return item * item
"""


async def test_the_fork_server_may_be_killed_while_it_imports(lab: Lab) -> None:
    run = await lab.start(f"{lab.write('slow.py', SLOW_IMPORT)}:square", "range:20")
    await lab.wait_for("importing")
    run.fork_server().kill()
    await run.ends_exactly(20)

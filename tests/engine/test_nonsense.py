"""User code may write anything to any descriptor of its process: that harms its own item and no other."""

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab

VANDAL = """
import os, stat, time
def vandal(item: int) -> int:
    if item == 5:
        for descriptor in range(3, 100):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, b"nonsense" * 20)
            except OSError:
                pass
        time.sleep(600)
    return item * item
"""


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_a_worker_that_sends_nonsense_is_ended_and_nothing_else(lab: Lab, start_method: StartMethod) -> None:
    file = lab.write("vandal.py", VANDAL)
    run = await lab.start(f"{file}:vandal", "range:40", start_method=start_method, retries=0)
    await run.ends_exactly(40, failed=[5])

"""A message of hundreds of megabytes holds nobody up, and is held once."""

import asyncio
import time

import psutil

from pooltop.model import Resize
from tests.engine.harness import Lab

SIZE = 300 << 20


async def test_a_result_of_hundreds_of_megabytes_is_held_once_and_blocks_nobody(lab: Lab) -> None:
    file = lab.write("vast.py", f"def vast(item: int) -> bytes:\n    return bytes([item]) * {SIZE}\n")
    run = await lab.start(f"{file}:vast", "range:1:2", workers=1)
    supervisor = psutil.Process(run.process.pid)
    before = most = supervisor.memory_info().rss
    began, longest = time.monotonic(), 0.0
    try:
        while run.process.poll() is None:
            asked = time.monotonic()
            await run.refused(Resize(0))
            longest = max(longest, time.monotonic() - asked)
            most = max(most, supervisor.memory_info().rss)
            await asyncio.sleep(0.005)
    except (ConnectionError, psutil.NoSuchProcess):
        pass  # it has ended
    took = time.monotonic() - began
    await run.end()
    assert {index: len(value) for index, value in run.values().items()} == {0: SIZE}
    assert SIZE / 2 < most - before < 1.5 * SIZE
    assert longest < took / 3

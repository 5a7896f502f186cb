"""The guardian ends with its supervisor and clears up behind it; without it a run goes on as before.

That it kills what is left is proven where the supervisor is killed, in test_lifeline.py.
"""

import fcntl
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from pooltop.children import guardian
from tests.engine.harness import Lab, Running


def guardian_of(run: Running) -> psutil.Process:
    """The one of a run that has begun."""
    (found,) = (child for child in psutil.Process(run.process.pid).children() if guardian.__file__ in child.cmdline())
    return found


async def test_a_run_goes_on_without_its_guardian(lab: Lab) -> None:
    run = await lab.start("held", "range:4")
    await lab.wait_for("began-0")
    guardian_of(run).kill()
    lab.signal("go")
    await run.ends_exactly(4)


async def test_nothing_that_is_meant_for_the_supervisors_group_reaches_it(lab: Lab) -> None:
    run = await lab.start("held", "range:1", workers=1)
    await lab.wait_for("began-0")
    its = guardian_of(run).pid
    assert os.getsid(its) == os.getpgid(its) == its
    lab.signal("go")
    await run.ends_exactly(1)


@pytest.mark.parametrize("on_again", [False, True])
async def test_the_folder_of_a_dead_run_is_removed_unless_it_is_on_again(tmp_path: Path, on_again: bool) -> None:
    runtime, lock = tmp_path / "runtime", tmp_path / "lock"
    runtime.mkdir()
    lock.touch()
    with ExitStack() as held:
        if on_again:
            fcntl.flock(held.enter_context(lock.open("rb")), fcntl.LOCK_EX)
        program = [sys.executable, "-I", "-S", guardian.__file__, str(os.getsid(0)), str(runtime), str(lock)]
        subprocess.run(program, stdin=subprocess.DEVNULL, check=True, timeout=20)
        assert runtime.exists() == on_again

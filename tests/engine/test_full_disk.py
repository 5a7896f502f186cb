"""A run that cannot be recorded any more ends, says so, and leaves nothing."""

import resource

import psutil

from tests.engine.harness import Lab, until


async def test_a_journal_that_cannot_be_written_ends_the_run(lab: Lab) -> None:
    run = await lab.start("nap", "range:100000")
    await until(lambda: len(run.values()) > 0, "something is written")
    psutil.Process(run.process.pid).rlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    assert await run.exit() == 1
    assert "nap failed: cannot write" in run.stderr and "journal.db" in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.values()) > 0, "what was written before is kept"

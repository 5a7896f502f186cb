"""What user code prints goes to the log, with worker, PID and item, and never anywhere else."""

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


@both_methods
@pytest.mark.parametrize("chunksize", [None, 50])
async def test_a_printed_line_bears_its_item(lab: Lab, chunksize: int | None, start_method: StartMethod) -> None:
    run = await lab.start("prints", "range:50", chunksize=chunksize, start_method=start_method)
    final = await run.ends_exactly(50, lambda _: None)
    printed = {(line.kind, line.text, line.item) for line in run.printed()}
    assert printed == {
        line
        for item in range(50)
        for line in (("out", f"line of {item}", str(item)), ("err", f"complaint of {item}", str(item)))
    }
    assert {line.pid for line in run.printed()} <= set(final.pids)
    assert {line.slot for line in run.printed()} <= {1, 2}
    assert "line of" not in run.stderr


async def test_what_is_written_below_python_bears_worker_and_item(lab: Lab) -> None:
    run = await lab.start("writes_below", "range:2")
    await lab.wait_for("began-0", "began-1")
    await run.until(lambda s: len([line for line in s.log if line.kind == "out"]) == 4)
    lab.signal("go")
    final = await run.ends_exactly(2, lambda _: None)
    printed = {(line.text, line.item) for line in run.printed()}
    assert printed == {(text, str(item)) for item in (0, 1) for text in (f"written by {item}", f"echo of {item}")}
    assert {line.pid for line in run.printed()} == set(final.pids)


async def test_odd_output_does_no_harm(lab: Lab) -> None:
    run = await lab.start("prints_oddly", "range:2", chunksize=2, workers=1)
    await run.ends_exactly(2, lambda _: None)
    texts = [line.text for line in run.printed()]
    assert texts.count("no end of line\\udce4 surrogate \x1b[31m red") == 2
    assert any("binary \x00 garbage" in text for text in texts)
    assert "nor here" in "".join(texts)


async def test_long_lines_arrive_in_pieces_and_whole(lab: Lab) -> None:
    run = await lab.start("prints_long_lines", "range:1")
    await run.ends_exactly(1, lambda _: None)
    text = "".join(line.text for line in run.printed())
    assert (text.count("x"), text.count("y")) == (1_000_000, 1_000_000)


@pytest.mark.chaos
async def test_a_great_many_lines_arrive(lab: Lab) -> None:
    run = await lab.start("prints_much", "range:4")
    await run.ends_exactly(4)
    assert len(run.printed()) == 80_000


@pytest.mark.chaos
async def test_a_flood_from_a_child_blocks_nobody(lab: Lab) -> None:
    run = await lab.start("floods", "range:2")
    await run.ends_exactly(2)


async def test_lines_from_threads_setup_and_source_arrive(lab: Lab) -> None:
    run = await lab.start("prints_in_a_thread", f"{lab.jobs}:chatty_source")
    await run.ends_exactly(3, lambda _: None)
    texts = [line.text for line in run.printed()]
    assert sorted(texts) == ["from a thread"] * 3 + ["giving 0", "giving 1", "giving 2"]


async def test_an_alarm_in_the_middle_of_a_print_does_no_harm(lab: Lab) -> None:
    run = await lab.start("alarmed", "range:20")
    await run.ends_exactly(20)

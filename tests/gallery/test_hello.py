"""hello: its one process says who it is, whoever that is in the end."""

import pytest

from pooltop import Outcome
from pooltop.model import StartMethod
from pooltop.work.declare import EndedWorker, PrintedLine
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.hello import greeted_by_itself


def outcome(ends: dict[int, str], *printed: tuple[str, int]) -> Outcome:
    """Of workers by PID, and lines with the PID of the process that printed them."""
    return Outcome(
        results=[],
        options={},
        items=1,
        failed=0,
        workers=tuple(EndedWorker(slot=1, pid=pid, end=end) for pid, end in ends.items()),
        printed=[PrintedLine(text=text, pid=pid, item="world") for text, pid in printed],
    )


def greeting(pid: int) -> str:
    return f"hello, world, from PID {pid}, started by PID 1"


def test_right() -> None:
    expected, actual = greeted_by_itself(outcome({5: "exit code 0"}, (greeting(5), 5), ("goodbye from PID 5", 5)))
    assert expected == actual == "PID 5, exit code 0"


def test_the_last_greeting_counts() -> None:
    expected, actual = greeted_by_itself(outcome({5: "SIGKILL", 6: "exit code 0"}, (greeting(5), 5), (greeting(6), 6)))
    assert expected == actual == "PID 6, exit code 0"


@pytest.mark.parametrize(
    ("ends", "printed", "actual"),
    [
        ({5: "exit code 0"}, [], "nothing was printed"),
        ({5: "exit code 0"}, [("goodbye from PID 5", 5)], "nothing was printed"),
        ({5: "SIGKILL"}, [(greeting(5), 5)], "PID 5, SIGKILL"),
        ({5: "exit code 0"}, [(greeting(4), 5)], "PID 4, not a worker"),
        ({4: "exit code 0", 5: "exit code 0"}, [(greeting(4), 5)], "PID 4, exit code 0"),
    ],
)
def test_wrong(ends: dict[int, str], printed: list[tuple[str, int]], actual: str) -> None:
    said = greeted_by_itself(outcome(ends, *printed))
    assert said[1] == actual
    assert said[0] != actual


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_real(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "hello", "--seconds", "0.1", start_method=start_method)
    (pid,) = final.pids
    assert verdict(final) == (f"PID {pid}, exit code 0",) * 2 + (True,)
    assert lab.runs[-1].values() == {0: pid}


async def test_killed(lab: Lab) -> None:
    final = await play(lab, "hello", "--seconds", "0.5", kills=1)
    first, last = final.pids
    assert first != last
    assert verdict(final) == (f"PID {last}, exit code 0",) * 2 + (True,)

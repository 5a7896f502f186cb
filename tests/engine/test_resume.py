"""A run that is gone on with: what had ended is kept, what had not runs, and a source that has changed is noticed."""

import os
import signal

import pytest

from pooltop.model import Halt, StartMethod
from pooltop.run.journal import JournalReader
from tests.engine.harness import Lab, Running, done, until

JOB = """
import os, time
from pathlib import Path

import pooltop

LAB = Path(os.environ["POOLTOP_LAB"])

def items():
    yield from LAB.joinpath("items").read_text().split()

def upper(item: str):
    with LAB.joinpath("ran").open("a") as ran:
        ran.write(f"{item}\\n")
    pooltop.counter("items").add(1)
    if item.startswith("bad") and not LAB.joinpath("mended").exists():
        raise ValueError(item)
    while item.startswith("held") and not LAB.joinpath("go").exists():
        time.sleep(0.005)
    return item.upper()

class Restless:
    def __init__(self, name):
        self.name = name
    def __reduce__(self):
        return _restless, (self.name, time.perf_counter_ns())

def _restless(name, _):
    return name

def restless_items():
    return map(Restless, items())

def slow_items():
    for number, item in enumerate(items()):
        while number == 6 and not LAB.joinpath("go").exists():
            time.sleep(0.005)
        yield item
"""


class Words:
    """A run over the words of a file."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.file = lab.write("words.py", JOB)

    def are(self, words: str) -> None:
        self.lab.write("items", words)

    async def start(self, words: str, source: str = "items", start_method: StartMethod = "forkserver") -> Running:
        self.are(words)
        items = f"{self.file}:{source}"
        return await self.lab.start(f"{self.file}:upper", items, chunksize=1, start_method=start_method)

    def ran(self) -> list[str]:
        """What has run since this was last asked."""
        file = self.lab.folder / "ran"
        words = sorted(file.read_text().split()) if file.exists() else []
        file.unlink(missing_ok=True)
        return words


def die(run: Running) -> None:
    run.kill()
    run.process.wait()


async def killed_when(run: Running, ended: int) -> None:
    """SIGKILL to the supervisor as soon as so many items have their end in the journal."""
    await until(lambda: len(run.values()) + len(run.failures()) >= ended, f"{ended} items are in the journal")
    die(run)


def counted(run: Running) -> object:
    with JournalReader(run.run.journal) as reader:
        return reader.counters().get("items")


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_a_killed_run_goes_on_where_it_stopped(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("nap", "range:300", start_method=start_method)
    await killed_when(run, 50)
    before = run.values()
    await lab.assert_no_processes(2)
    run = await lab.resume(run)
    final = await run.ends_exactly(300)
    assert final.progress.kept == len(before) < 300
    assert final.counters["items"] == counted(run) == 300
    assert not final.notes


async def test_killed_again_and_again(lab: Lab) -> None:
    run = await lab.start("nap", "range:300")
    for ended in (40, 100, 180):
        before = run.values()
        await killed_when(run, ended)
        assert before.items() <= run.values().items(), "what is there stays there"
        run = await lab.resume(run)
    final = await run.ends_exactly(300)
    assert final.counters["items"] == 300 and final.progress.kept >= 180


async def test_a_changed_source_is_noticed(lab: Lab) -> None:
    words = Words(lab)
    run = await words.start("a b b c gone d held-1 held-2")
    await killed_when(run, 6)
    words.ran()
    words.are("new d a held-1 b held-2 b c b")
    lab.signal("go")
    run = await lab.resume(run)
    final = await run.end()
    assert words.ran() == ["b", "held-1", "held-2", "new"], "a third b has never been there"
    expected = [word.upper() for word in ["new", "d", "a", "held-1", "b", "held-2", "b", "c", "b"]]
    assert list(run.values().items()) == list(enumerate(expected))
    assert (final.state, final.progress.done, final.progress.kept) == ("finished", 9, 5)
    (note,) = final.notes
    assert "1 gone" in note and "(items 4)" in note and "new" in note and "order" in note


async def test_items_without_stable_content_are_matched_by_position(lab: Lab) -> None:
    words = Words(lab)
    run = await words.start("a b c held-1 held-2 held-3", "restless_items")
    await killed_when(run, 3)
    words.ran()
    lab.signal("go")
    run = await lab.resume(run)
    final = await run.end()
    assert words.ran() == ["held-1", "held-2", "held-3"]
    assert list(run.values().values()) == ["A", "B", "C", "HELD-1", "HELD-2", "HELD-3"]
    assert final.notes == ("matched by position, having no stable content: 3 items",)


async def test_only_the_failures_run_again(lab: Lab) -> None:
    words = Words(lab)
    run = await words.start("a bad-1 b bad-2 held-1 held-2 held-3")
    await killed_when(run, 4)
    words.ran()
    lab.signal("mended")
    run = await lab.resume(run, "failed")
    final = await run.end()
    assert words.ran() == ["bad-1", "bad-2"]
    assert run.values() == {0: "A", 1: "BAD-1", 2: "B", 3: "BAD-2"} and not run.failures()
    assert final.state == "stopped" and "3 other items" in final.reason
    lab.signal("go")
    run = await lab.resume(run)
    final = await run.end()
    assert words.ran() == ["held-1", "held-2", "held-3"]
    assert (final.state, final.progress.done, final.progress.kept) == ("finished", 7, 4)


async def test_failures_stay_failures(lab: Lab) -> None:
    words = Words(lab)
    run = await words.start("a bad held-1 held-2")
    await killed_when(run, 2)
    words.are("first a bad held-1 held-2")
    lab.signal("go")
    run = await lab.resume(run)
    final = await run.end()
    assert [(failure.index, failure.item) for failure in run.failures()] == [(2, "bad")]
    assert [failure.index for failure in final.failures] == [2]
    assert (final.progress.done, final.progress.failed) == (4, 1)


async def test_what_is_through_is_through(lab: Lab) -> None:
    run = await lab.start("square", "range:1000")
    await run.ends_exactly(1000)
    run = await lab.resume(run)
    final = await run.ends_exactly(1000)
    assert final.progress.kept == 1000


async def test_a_large_result_is_kept_whole(lab: Lab) -> None:
    source = "def large(item: int): return b'x' * (3 << 20) if item == 0 else item"
    file = lab.write("large.py", source)
    run = await lab.start(f"{file}:large", "range:1000000", output=lab.folder / "out")
    await until(lambda: 0 in run.values(), "the large result is written")
    die(run)
    folder = run.run.directory / "results"
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
    run = await lab.resume(run)
    await run.until(done(1))
    run.process.terminate()
    await run.exit()
    assert run.values()[0] == b"x" * (3 << 20)


@pytest.mark.parametrize("changed", [False, True])
async def test_the_fork_server_dies_while_the_source_is_open(lab: Lab, changed: bool) -> None:
    words = Words(lab)
    run = await words.start("a bad b c d e f g h", "slow_items")
    await until(lambda: len(run.values()) == 5, "what came has ended")
    if changed:
        words.are("a bad other c d e f g h")
    os.kill(run.fork_server().pid, signal.SIGKILL)
    await until(lambda: any("read anew" in event for event in run.events()), "the feeder is gone too")
    lab.signal("go")
    final = await run.end()
    ended = ["A", "B", "C", "D", "E", *([] if changed else ["F", "G", "H"])]
    assert list(run.values().values()) == ended
    assert (final.state, final.progress.failed) == ("failed" if changed else "finished", 1)
    assert ("not the same from item 2 on" in final.reason) == changed


async def test_a_halted_run_goes_on_when_it_is_resumed(lab: Lab) -> None:
    run = await lab.start("fails_from_ten_on", "range:14", halt=Halt("soon", count=3))
    assert (await run.end()).state == "failed"
    run = await lab.resume(run)
    final = await run.ends_exactly(14, failed=range(10, 14))
    assert final.state == "finished" and final.progress.kept >= 10


async def test_a_source_that_has_dried_up_hides_nothing(lab: Lab) -> None:
    words = Words(lab)
    run = await words.start("a b c")
    await run.end()
    words.are("")
    run = await lab.resume(run)
    final = await run.end()
    assert final.state == "failed" and "none any more" in final.reason
    assert list(run.values().values()) == ["A", "B", "C"]

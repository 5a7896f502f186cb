"""The gallery's overheads: each measurement says something, and leaves no process behind, killed or not."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Lock
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop import Outcome
from pooltop.model import StartMethod
from pooltop.work.declare import EndedWorker
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads import overheads

MACHINE = cast(Lock, threading.Lock())
NOTHING = "0 zombies, 0 orphans"


def outcome(*left_behind: str, workers: tuple[int, ...] = ()) -> Outcome:
    results: list[overheads.Measured] = [{"table": {}, "left_behind": list(left_behind)}]
    ended = tuple(EndedWorker(slot, pid, "exit code 0") for slot, pid in enumerate(workers, 1))
    return Outcome(results=results, options={"repeats": 1}, items=1, failed=0, workers=ended)


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_overheads(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "overheads", "--repeats", "1", start_method=start_method)
    assert verdict(final) == (NOTHING, NOTHING, True)
    assert final.progress.done == len(overheads.MEASUREMENTS)


async def test_killed_workers_take_their_children_with_them(lab: Lab) -> None:
    final = await play(lab, "overheads", "--repeats", "1", kills=3)
    assert verdict(final) == (NOTHING, NOTHING, True)


@pytest.fixture(scope="module")
def tables() -> dict[str, overheads.Table]:
    """Everything measured once, in a program of its own: this one may have threads."""
    program = (
        "import json, threading; from workloads import overheads as o; "
        "print(json.dumps({name: o.overheads(name, 1, machine=threading.Lock()) for name in o.MEASUREMENTS}))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout
    measured: dict[str, overheads.Measured] = json.loads(out.splitlines()[-1])
    return {name: each["table"] for name, each in measured.items()}


def test_each_start_method_is_measured(tables: dict[str, overheads.Table]) -> None:
    table = tables["starting a process"]
    for method in multiprocessing.get_all_start_methods():
        units = [figure.split()[1] for name, figure in table.items() if name.startswith(f"{method},")]
        assert units == ["ms", "ms", "MB"]
    assert megabytes(table["fork, memory of its own"]) < megabytes(table["spawn, memory of its own"])


def megabytes(figure: str) -> float:
    return float(figure.removesuffix(" MB"))


def test_there_is_a_best_number_of_workers(tables: dict[str, overheads.Table]) -> None:
    *counts, (_, best) = tables["the best number of workers"].items()
    assert f"with {len(os.sched_getaffinity(0)) + 1} at work" in dict(counts)
    assert f"with {best} at work" in dict(counts)


def test_the_bytes_grow_with_the_numbers(tables: dict[str, overheads.Table]) -> None:
    sizes = [int(name.split()[-2].replace(",", "")) for name in tables["pickling"]]
    assert sizes == sorted(sizes) and sizes[-1] > 8 * 1_000_000


def test_zombies_and_daemons_go_with_join_and_with_their_parent(tables: dict[str, overheads.Table]) -> None:
    unjoined, joined, at_work, ended = tables["zombies and daemons"].values()
    assert (unjoined, joined, ended) == ("zombie", "gone", "gone")
    assert at_work not in ("zombie", "gone")


@pytest.fixture
def unjoined() -> Iterator[BaseProcess]:
    resource_tracker.ensure_running()  # it stays, and is nobody's leftover
    child = multiprocessing.get_context("spawn").Process(target=int)
    yield child
    child.join()


def test_what_a_measurement_leaves_is_found(unjoined: BaseProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_a_zombie(_repeats: int) -> overheads.Table:
        unjoined.start()
        assert unjoined.pid
        os.waitid(os.P_PID, unjoined.pid, os.WEXITED | os.WNOWAIT)
        return {}

    monkeypatch.setitem(overheads.MEASUREMENTS, "careless", leave_a_zombie)
    measured = overheads.overheads("careless", machine=MACHINE)
    assert measured["left_behind"] == ["zombie"]


@given(zombies=st.integers(0, 5), orphans=st.integers(0, 5))
def test_the_check_counts_what_measurements_have_left(zombies: int, orphans: int) -> None:
    expected, actual = overheads.nothing_is_left(outcome(*["zombie"] * zombies, *["sleeping"] * orphans))
    assert (expected, actual) == (NOTHING, f"{zombies} zombies, {orphans} orphans")


def test_the_check_finds_who_still_lives_in_the_group_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overheads, "PATIENCE", 0.01)
    orphan = subprocess.Popen(["sleep", "60"], process_group=0)
    try:
        assert overheads.nothing_is_left(outcome(workers=(orphan.pid,)))[1] == "0 zombies, 1 orphans"
    finally:
        orphan.kill()
        orphan.wait()
    assert overheads.nothing_is_left(outcome(workers=(orphan.pid,)))[1] == NOTHING

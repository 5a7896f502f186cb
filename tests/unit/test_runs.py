"""Runs on disk: made private, found by name, locked by one supervisor, swept after a death."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooltop import runs

HOLD_LOCK = """
import sys, pathlib
from pooltop.runs import Run
with Run(pathlib.Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory and a session folder of the test's own, with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="runs-", dir="/tmp") as name:
        folder = Path(name)
        session = folder / "session"
        session.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
        yield folder


def holder(run: runs.Run) -> "subprocess.Popen[str]":
    """Another process that holds the lock until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(run.directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_run_is_private_and_named_after_its_function() -> None:
    run = runs.create("./my script.py:Class.re size")
    assert run.id.endswith("-Class-re-size")
    assert mode(run.directory) == 0o700 and mode(run.directory / runs.LOCK) == 0o600
    assert not run.is_alive()


@pytest.mark.parametrize("workload", ["", "::", "../..", "日本", "x" * 500])
def test_any_workload_gives_a_usable_id(workload: str) -> None:
    run = runs.create(workload)
    assert run.directory.is_dir() and run.directory.parent.name == "runs"
    with run.lock():
        assert len(os.fsencode(run.socket)) <= 107


def test_runs_of_the_same_second_differ_and_stay_in_order() -> None:
    made = [runs.create("b"), runs.create("a"), runs.create("b"), runs.create("b")]
    assert len({run.id for run in made}) == 4
    assert runs.all_runs() == made[::-1]
    assert runs.find("last") == made[-1]


def test_find_takes_an_id_or_a_unique_part_of_one() -> None:
    blur, hash_ = runs.create("blur"), runs.create("hash")
    assert runs.find(blur.id) == blur
    assert runs.find("-hash") == hash_
    with pytest.raises(runs.RunError, match=f"{hash_.id}, {blur.id}|{blur.id}, {hash_.id}"):
        runs.find(blur.id[:8])
    with pytest.raises(runs.RunError, match=f"close to it: .*{blur.id}"):
        runs.find(blur.id.replace("blur", "blurr"))
    with pytest.raises(runs.RunError, match="no run ''"):
        runs.find("")


def test_an_id_wins_over_the_ids_that_contain_it() -> None:
    first, second = runs.create("blur"), runs.create("blur")
    if second.id == f"{first.id}-2":  # else the clock moved on to the next second between the two
        assert runs.find(first.id) == first


def test_no_runs_yet() -> None:
    with pytest.raises(runs.RunError, match="no runs yet"):
        runs.find("last")


def test_one_supervisor_a_run() -> None:
    run = runs.create("blur")
    assert not run.has_begun()
    other = holder(run)
    assert run.is_alive() and run.has_begun()
    with pytest.raises(runs.RunError, match=f"{run.id} is already running"), run.lock():
        pass
    other.communicate()
    assert not run.is_alive() and not run.runtime.exists()
    with run.lock():
        assert run.is_alive()
        assert mode(run.runtime) == 0o700


def test_death_frees_the_lock_and_sweep_takes_what_it_left() -> None:
    dead, alive = runs.create("dead"), runs.create("alive")
    victim, survivor = holder(dead), holder(alive)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not dead.is_alive() and dead.runtime.is_dir()
    runs.sweep()
    assert not dead.runtime.exists() and alive.runtime.is_dir()
    survivor.communicate()


def test_a_passing_look_does_not_keep_a_supervisor_out(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create("blur")
    looks = []
    with runs._locked(run.directory / runs.LOCK, fcntl.LOCK_SH):
        monkeypatch.setattr(runs, "_LOCK_SECONDS", 0.0)
        with pytest.raises(runs.RunError), run.lock():
            pass
        looks.append(run.is_alive())
    assert looks == [False]  # two looks never take each other for a supervisor
    with run.lock():
        assert run.is_alive()


def test_a_state_directory_that_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    with pytest.raises(runs.RunError, match="cannot keep runs in /dev/null/state/pooltop/runs: Not a directory"):
        runs.create("blur")
    assert runs.all_runs() == []


def test_without_a_session_folder_the_socket_is_in_tmp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    run = runs.create("blur")
    with run.lock():
        assert run.runtime.parent == Path(f"/tmp/pooltop-{os.getuid()}") and run.runtime.name.startswith(run.id)


def test_runs_of_the_same_name_that_are_kept_elsewhere_have_runtime_folders_of_their_own(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda *_: "20261122-200000")
    here = runs.create("blur")
    monkeypatch.setenv("XDG_STATE_HOME", str(places / "elsewhere"))
    there = runs.create("blur")
    assert here.id == there.id
    with here.lock(), there.lock():
        assert here.runtime != there.runtime


def test_a_session_folder_with_a_long_path_is_not_used(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = places / ("long" * 20)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    run = runs.create("blur")
    with run.lock():
        assert len(os.fsencode(run.socket)) <= 107


@pytest.mark.parametrize("trap", ["symlink", "open", "file"])
def test_a_runtime_folder_that_is_not_ours_alone_is_refused(places: Path, trap: str) -> None:
    root = places / "session" / "pooltop"
    if trap == "symlink":
        (places / "elsewhere").mkdir(mode=0o700)
        root.symlink_to(places / "elsewhere")
    elif trap == "open":
        root.mkdir()
        root.chmod(0o777)
    else:
        root.touch()
    run = runs.create("blur")
    with pytest.raises(runs.RunError, match="not a folder of yours alone"), run.lock():
        pass
    assert not run.is_alive()


def test_a_discarded_run_is_gone() -> None:
    run = runs.create("blur")
    run.discard()
    assert not run.is_alive() and runs.all_runs() == []

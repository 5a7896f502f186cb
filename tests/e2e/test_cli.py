"""The real program `pooltop`, as a person or a script uses it without a dashboard."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.program import DEADLINE, PROGRAM, Cli

pytestmark = pytest.mark.timeout(60)


# A run from its start to its end


def test_a_run_its_files_and_what_is_kept_of_it(cli: Cli) -> None:
    out, err = cli(
        *("run", "tasks:square", "--items", "range:12", "--power", "3", "-j", "2", "--negative"),
        *("-o", "values.jsonl", "--json", "-"),
    )
    summary = json.loads(out)
    assert summary["state"] == "finished" and summary["items"] == {
        "total": 12,
        "done": 12,
        "failed": 0,
        "retried": 0,
        "kept": 0,
    }
    assert summary["workers"]["requested"] == 2 and summary["failures"] == []
    values = (cli.lab.folder / "values.jsonl").read_text().splitlines()
    assert values == [str(-(number**3)) for number in range(12)]
    assert "12 of 12 items done" in err and "values.jsonl" in err

    (entry,) = json.loads(cli("runs", "--json")[0])
    assert (entry["run"], entry["state"], entry["workload"]) == (summary["run"], "finished", "tasks:square")
    assert summary["run"] in cli("runs")[0]
    log = cli("log", "last")[0]
    assert all(f", {number}: worked on {number}\n" in log for number in range(12))
    assert json.loads(cli("ctl", summary["run"], "snapshot")[0])["progress"]["done"] == 12


def test_a_failed_item_is_named_and_the_exit_code_says_so(cli: Cli) -> None:
    out, err = cli("run", "tasks:square", "--items", "range:20", "--json", "-", code=1)
    assert json.loads(out)["failures"] == [{"item": "13", "error": "ValueError: unlucky \x1b[31m", "attempts": 1}]
    assert "13: ValueError: unlucky \\x1b[31m" in err and "\x1b" not in err


def test_items_from_standard_input(cli: Cli) -> None:
    out, _ = cli("run", "tasks:shout", "--items", "-", "--json", "-", "-o", "/dev/stderr", stdin="ä\nb\n")
    assert json.loads(out)["items"]["done"] == 2


def test_a_baseline_gives_a_speedup(cli: Cli) -> None:
    out, err = cli("run", "tasks:square", "--items", "range:10", "--baseline", "full", "--json", "-")
    summary = json.loads(out)
    assert summary["baseline"]["method"] == "full" and summary["speedup"] > 0
    assert re.search(r"speedup \d+\.\d\d x", err)


def test_a_name_that_is_no_utf8(cli: Cli) -> None:
    (cli.lab.folder / "pictures").mkdir()
    (cli.lab.folder / os.fsdecode(b"pictures/caf\xe9")).touch()
    out, _ = cli("run", "tasks:square", "--items", "pictures", "--json", "-", code=1)
    (failure,) = json.loads(out)["failures"]
    assert "caf" in failure["item"]


# Bad input


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run"], "WORKLOAD"),
        (["run", "blurr"], "did you mean blur"),
        (["run", "nowhere:f"], "nowhere"),
        (["run", "tasks:nothing", "--items", "range:3"], "nothing"),
        (["run", "./no.py:f"], "no.py"),
        (["run", "tasks:square"], "--items"),
        (["run", "tasks:square", "--items", "nowhere"], "nowhere"),
        (["run", "tasks:square", "--items", "glob:*.gif"], "glob:*.gif"),
        (["run", "tasks:square", "--items", "range:3", "--power", "abc"], "--power: 'abc'"),
        (["run", "tasks:square", "--items", "range:3", "--colour", "red"], "--colour"),
        (["run", "tasks:square", "--items", "range:3", "stray"], "stray"),
        (["run", "tasks:square", "--items", "range:3", "-j", "0"], "-j"),
        (["run", "tasks:square", "--items", "range:3", "-o", "no/where"], "no"),
        (["run", "tasks:square", "--items", "range:3", "--json", "."], "folder"),
        (["run", "tasks:square", "--items", "-", "--baseline", "full"], "--baseline full"),
        (["run", "tasks:square", "--items", "-", "--detach"], "standard input"),
        (["run", "tasks:square", "--items", "range:3", "--json", "-", "--detach"], "--json -"),
        (["run", "tasks:square", "--items", "range:3", "--start-method", "thread"], "thread"),
        (["run", "--power", "3", "tasks:square"], "--power"),
        (["run", "tasks:square", "--items", "range:3", "--timeout", "soon"], "--timeout"),
        (["run", "tasks:square", "--items", "range:3", "--halt", "now,fail=0"], "--halt"),
        (["run", "tasks:square", "--items", "range:3", "--joblog", "no/where"], "--joblog"),
        (["run", "tasks:square", "--items", "range:3", "--joblog", "/dev/full"], "cannot write /dev/full"),
        (["attach"], "no run is running"),
        (["resume", "last"], "no runs yet"),
        (["show", "blurr"], "blurr"),
        (["log", "last"], "no runs yet"),
        (["ctl", "last", "stop"], "no runs yet"),
        (["ctl"], "RUN"),
        (["frobnicate"], "frobnicate"),
        (["nowhere.py"], "no such file: nowhere.py"),
        (["tasks.py", "nowhere.py"], "no such file: nowhere.py"),
        (["list", "nowhere.py"], "no such file: nowhere.py"),
        (["--hz", "0"], "--hz"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_that_names_it(cli: Cli, arguments: list[str], named: str) -> None:
    out, err = cli(*arguments, code=2)
    assert out == "" and err.startswith("pooltop: ") and err.count("\n") == 1 and named in err
    assert cli.run_folders() == []


@pytest.mark.parametrize(
    ("source", "raised"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("import missing_part", "missing_part"),
        ("def f(:", "SyntaxError"),
    ],
)
@pytest.mark.parametrize("detach", [False, True])
def test_a_module_that_fails_shows_its_own_traceback(cli: Cli, source: str, raised: str, detach: bool) -> None:
    cli.lab.write("broken.py", f"\n{source}\n")
    out, err = cli("run", "broken:f", "--items", "range:3", *(["--detach"] if detach else []), code=2)
    *details, line = err.splitlines()
    assert out == "" and line.startswith("pooltop: ") and "broken" in line
    assert any("broken.py" in detail for detail in details) and any(raised in detail for detail in details)
    engine = str(Path(asyncio.__file__).parent.parent)
    assert not any("/pooltop/" in detail or engine in detail for detail in details)
    assert cli.run_folders() == []


def test_a_module_that_crashes_the_interpreter_is_one_line(cli: Cli) -> None:
    cli.lab.write("broken.py", "import os; os._exit(7)")
    assert "broken:f" in cli("run", "broken:f", "--items", "range:3", code=2)[1]


def test_no_place_for_runs_is_one_line(cli: Cli) -> None:
    cli.environment["XDG_STATE_HOME"] = "/dev/null"
    _, err = cli("run", "tasks:square", "--items", "range:3", code=2)
    assert err == "pooltop: cannot keep runs in /dev/null/pooltop/runs: Not a directory\n"


# What ends it before its time


def test_a_run_that_is_stopped_by_command_says_so_and_exits_1(cli: Cli) -> None:
    process = cli.held_run("--json", "end.json")
    cli("ctl", "last", "stop")
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1 and "tasks:held stopped; 0 of" in err
    assert json.loads((cli.lab.folder / "end.json").read_text())["state"] == "stopped"


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up")],
)
def test_a_signal_ends_the_whole_with_one_line(cli: Cli, number: signal.Signals, code: int, word: str) -> None:
    process = cli.held_run("--json", "end.json", start_new_session=True)
    os.killpg(process.pid, number)  # as a terminal does
    _, err = process.communicate(timeout=DEADLINE)
    *before, last = err.splitlines()
    (run,) = cli.run_folders()
    assert process.returncode == code
    assert re.fullmatch(
        rf"pooltop: {word}: 0 of \d[\d,]* items done, kept in run {run.name}; go on with: pooltop resume .+", last
    )
    assert [line for line in before if not line.startswith("tasks:held  running")] == []
    assert json.loads((cli.lab.folder / "end.json").read_text())["state"] == "stopped"


def test_many_ctrl_c_are_as_good_as_one(cli: Cli) -> None:
    process = cli.held_run()
    for _ in range(50):
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    err = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 130 and err.count("interrupted") == 1 and "Traceback" not in err


def test_a_ctrl_c_before_the_supervisor_is_ready_is_not_lost(cli: Cli) -> None:
    process = cli.start("run", "tasks:held", "--items", "range:1000", "--headless")
    deadline = time.monotonic() + DEADLINE
    while not any("pooltop.foreground" in word for word in psutil.Process(process.pid).cmdline()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err


def test_nohup_is_respected(cli: Cli) -> None:
    process = cli.held_run(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    cli.lab.signal("go")
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 0


# Streams


def test_progress_on_a_terminal_is_one_line_that_goes_away(cli: Cli) -> None:
    screen, terminal = pty.openpty()
    process = cli.held_run(stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends on Linux
        while piece := os.read(screen, 4096):
            shown += piece
            if b"running" in shown:
                cli.lab.signal("go")
    os.close(screen)
    assert process.wait(DEADLINE) == 0
    progress, end = shown.decode().rsplit("\x1b[K", 1)
    assert "running" in progress and "\n" not in progress.replace("\r\n", "\n").strip()
    assert end.startswith("tasks:held finished; 1,000 of 1,000 items done")
    assert set(re.findall("\x1b[^m]*?[A-Za-z]", shown.decode())) == {"\x1b[K"}


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_ends_no_run(cli: Cli, stream: str) -> None:
    reading, writing = os.pipe()
    process = cli.held_run("--json", "-" if stream == "stdout" else "end.json", **{stream: writing})
    os.close(writing)
    os.close(reading)
    cli.lab.signal("go")
    _, err = process.communicate(timeout=DEADLINE)
    assert "Traceback" not in (err or "")
    (entry,) = json.loads(cli("runs", "--json")[0])
    assert entry["state"] == "finished" and entry["items"]["done"] == 1000


def test_closed_streams_end_no_run(cli: Cli) -> None:
    script = f"exec {PROGRAM} run tasks:square --items range:5 --headless <&- >&- 2>&-"
    assert (
        subprocess.run(["sh", "-c", script], env=cli.environment, cwd=cli.lab.folder, timeout=DEADLINE).returncode == 0
    )


def test_a_list_cut_short_by_its_reader_shows_no_traceback(cli: Cli) -> None:
    process = cli.start("list", "--json")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(DEADLINE) == 1
    process.stderr.close()


def test_without_a_terminal_the_help_is_shown(cli: Cli) -> None:
    out, err = cli(code=2)
    assert out.startswith("Usage: pooltop") and err == ""
    assert cli("tasks.py", code=2) == (out, err)


def test_version_list_and_show(cli: Cli) -> None:
    assert re.fullmatch(r"pooltop \d+\.\d+\.\d+\n", cli("--version")[0])
    assert "blur" in cli("list")[0]
    assert "blur" in [entry["workload"] for entry in json.loads(cli("list", "--json")[0])]
    shown = cli("show", "tasks:square")[0]
    assert "--power" in shown and "A power of a number." in shown and "def square(number" in shown


def test_functions_of_files_and_of_runs_are_listed(cli: Cli) -> None:
    listed = cli("list", "tasks.py", "./tasks.py")[0]
    assert "From tasks.py\n  tasks.py:square  A power of a number.\n  tasks.py:held\n" in listed
    assert "Lately" not in listed
    cli("run", "tasks:shout", "--items", "range:3", "--headless")
    assert "Lately\n  tasks:shout\n" in cli("list")[0]


def test_a_workload_of_another_distribution_is_listed_and_run(cli: Cli) -> None:
    lab = cli.lab
    lab.write("packages/acme.py", 'def melt(ore: int, heat=3):\n    """Make it liquid."""\n    return ore * heat\n')
    lab.write("packages/acme_tools-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme-tools\nVersion: 1\n")
    points = "[pooltop.workloads]\nmelting = acme:melt\nbroken = nowhere:melt\nlate = acme.absent:melt\n"
    lab.write("packages/acme_tools-1.dist-info/entry_points.txt", points)
    cli.environment["PYTHONPATH"] = str(lab.folder / "packages")
    listed = cli("list")[0]
    assert "Installed\n  broken   cannot be used: broken (of acme-tools): no module named 'nowhere'" in listed
    assert "\n  late     (of acme-tools)\n  melting  Make it liquid. (of acme-tools)\n" in listed
    summary = json.loads(
        cli("run", "melting", "--items", "range:4", "--heat", "5", "-o", "out.jsonl", "--json", "-")[0]
    )
    assert summary["baseline"]["method"] == "full"
    assert (lab.folder / "out.jsonl").read_text().split() == ["0", "5", "10", "15"]
    for name, module in (("broken", "nowhere"), ("late", "acme.absent")):
        out, err = cli("run", name, "--items", "range:4", code=2)
        assert out == "" and module in err and err.count("\n") == 1


# A run in the background, and what can be asked of it


def test_a_detached_run_does_what_it_is_told(cli: Cli) -> None:
    run = cli("run", "tasks:held", "--items", "range:1000", "-j", "2", "--detach", "--json", "end.json")[0].strip()
    cli.wait_for_items()
    assert json.loads(cli("runs", "--json")[0])[0]["state"] in ("starting", "running")
    assert "killed" in cli("ctl", run, "kill", "1", "--signal", "KILL")[0]
    cli("ctl", "held", "pause")
    assert json.loads(cli("ctl", "last", "snapshot")[0])["state"] == "paused"
    _, refusal = cli("ctl", "last", "pause", code=1)
    assert refusal.startswith("pooltop: ") and refusal.count("\n") == 1
    cli("ctl", "last", "resume")
    cli("ctl", "last", "resize", "3")
    cli("ctl", "last", "restart", "2", "--now")
    cli("ctl", "last", "skip", "2")
    cli("ctl", "last", "stop")
    following = cli("log", "last", "-f")[0]
    assert "resized" in following and "stopped" in following
    assert json.loads((cli.lab.folder / "end.json").read_text())["state"] == "stopped"
    assert "is not running" in cli("ctl", "last", "stop", code=2)[1]
    assert json.loads(cli("ctl", "last", "snapshot")[0])["state"] == "stopped"


def test_what_cannot_be_asked_is_one_line(cli: Cli) -> None:
    cli("run", "tasks:square", "--items", "range:3")
    for words, named in [
        ("kill x", "'x'"),
        ("kill 1 --signal FOO", "FOO"),
        ("resize 0", "'0'"),
        ("restart", "WORKER"),
        ("dance", "dance"),
        ("", "command"),
        ("resume", "not running"),
    ]:
        _, err = cli("ctl", "last", *words.split(), code=2)
        assert err.startswith("pooltop: ") and err.count("\n") == 1 and named in err


def test_a_supervisor_that_is_killed_is_said_to_have_died(cli: Cli) -> None:
    process = cli.held_run()
    while json.loads(cli("runs", "--json")[0])[0]["state"] != "running":
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert json.loads(cli("runs", "--json")[0])[0]["state"] == "died"
    snapshot = json.loads(cli("ctl", "last", "snapshot")[0])
    assert (snapshot["state"], snapshot["reason"]) == ("failed", "its supervisor died")
    assert "is not running" in cli("ctl", "last", "stop", code=2)[1]

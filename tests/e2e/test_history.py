"""What remains of a run and what can be done with it: resume, attach, results, failures, repro, job log."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import Terminal
from pooltop.errors import LONGEST_LINE
from tests.e2e.program import DEADLINE, PROGRAM, Cli

pytestmark = pytest.mark.timeout(60)

SHAPES = """
import ctypes, sys, time
from dataclasses import dataclass
from pathlib import Path
from pooltop import shared, workload

print("importing shapes")

@dataclass
class Round:
    number: int
    name: str

class Loud:
    def __repr__(self):
        print("noise")
        return "Loud()"

def rounds(number: int) -> Round:
    return Round(number, "a,b")

def loud(number: int) -> Loud:
    return Loud()

def fragile(number: int, *, times: int = 1) -> int:
    print("tried", number, file=sys.stderr)
    if number == 2 and not Path("mended").exists():
        raise ValueError("broken \\x1b]0;")
    if number == 3 and not Path("mended").exists():
        ctypes.string_at(0)
    return number * times

@workload(items="range:3", shared={"sum": shared.Value("i", 5), "lock": shared.Lock(), "queue": shared.Queue()})
def added(number, sum, lock, queue):
    with lock:
        sum.value += number
        queue.put(sum.value)
    return sum.value

def begun(number: int) -> int:
    while number > 2 and not Path("go").exists():
        time.sleep(0.01)
    return number

@workload(items="range:2", together=2)
def paired(number):
    return number
"""


@pytest.fixture(autouse=True)
def shapes(cli: Cli) -> None:
    cli.lab.write("shapes.py", SHAPES)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def detached(cli: Cli, *arguments: str) -> str:
    """The id of a run in the background of which two items have begun."""
    run = cli("run", "tasks:held", "--items", "range:30", "-j", "2", "--detach", *arguments)[0].strip()
    cli.wait_for_items()
    return run


# Resume


def test_a_run_whose_supervisor_was_killed_goes_on(cli: Cli) -> None:
    (cli.lab.folder / "go").touch()  # the first items are not held
    source = cli.lab.write("numbers.txt", "\n".join(map(str, range(10))) + "\n")
    process = cli.start(
        *("run", "tasks:held", "--items", "lines:numbers.txt", "-j", "2", "--headless", "--joblog", "log"),
    )
    process.communicate(timeout=DEADLINE)
    (cli.lab.folder / "go").unlink()
    source.write_text("new\n".join(["", source.read_text()]).replace("new", "77") + "88\n")
    process = cli.start("resume", "last")
    until(lambda: (cli.lab.folder / "began-88").exists() and (cli.lab.folder / "began-77").exists())
    assert "is running; pooltop attach" in cli("resume", "last", code=2)[1]
    until(lambda: "running" in cli("runs")[0])  # the journal has half a second to know of it
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert "pooltop resume RUN" in cli("runs")[1]
    assert len(cli("results", "last")[0].splitlines()) == 10

    (cli.lab.folder / "go").touch()
    out, err = cli("resume", "last", "--headless", "--json", "-")
    assert json.loads(out)["items"] == {"total": 12, "done": 12, "failed": 0, "retried": 0, "kept": 10}
    assert "; 10 had ended before" in err
    assert cli("results", "last")[0].split() == ["77", *map(str, range(10)), "88"]
    items = [line.split("\t")[9] for line in (cli.lab.folder / "log").read_text().splitlines()]
    assert items[0] == "Item" and sorted(items[1:], key=int) == [*map(str, range(10)), "77", "88"]


def test_only_what_failed_is_run_again_and_a_refused_resumption_harms_nothing(cli: Cli) -> None:
    cli("run", "shapes:fragile", "--items", "range:5", "-j", "2", "--retries", "0", code=1)
    (cli.lab.folder / "shapes.py").rename(cli.lab.folder / "away")
    for detach in ([], ["--detach"]):
        _, err = cli("resume", "last", *detach, code=2)
        assert err.count("\n") == 1 and "shapes" in err
    (cli.lab.folder / "away").rename(cli.lab.folder / "shapes.py")

    (cli.lab.folder / "mended").touch()
    run = cli("resume", "last", "--retry-failed", "--detach")[0].strip()
    until(lambda: json.loads(cli("runs", "--json")[0])[0]["state"] == "finished")
    assert cli("results", run)[0].split() == ["0", "1", "2", "3", "4"]
    assert cli("failures", run)[0] == f"run {run} has no failed items\n"
    assert cli("log", run)[0].count("tried 0") == 1


def test_what_cannot_go_on_is_one_line(cli: Cli) -> None:
    home = cli.lab.folder / "home"
    home.mkdir()
    cli.lab.write("home/tasks.py", "def f(x): return x")
    cli("run", "tasks:f", "--items", "-", stdin="1\n2\n", cwd=home)
    assert "cannot be had again" in cli("repro", "last", "0", code=2)[1]
    assert "2 of 2" in cli("resume", "last", stdin="1\n2\n")[1], "the same again, through the same pipe"
    (home / "tasks.py").unlink()
    home.rmdir()
    assert f"works in {home}" in cli("resume", "last", code=2)[1]
    (run,) = cli.run_folders()
    for file in run.glob("journal.db*"):
        file.unlink()
    (run / "journal.db").write_bytes(b"no journal at all, but long enough to be one" * 100)
    for command in ("resume", "results", "failures"):
        _, err = cli(command, "last", code=2)
        assert err.count("\n") == 1 and "journal.db" in err
    assert run.exists()


# Attach


def test_attached_without_a_terminal_it_follows_to_the_end(cli: Cli) -> None:
    run = detached(cli)
    attached = [cli.start("attach", *words) for words in ([], [run], ["last"])]
    for process in attached:
        assert process.stderr is not None and "tasks:held  running" in process.stderr.readline()
    *others, interrupted = attached
    interrupted.send_signal(signal.SIGINT)
    assert f"run {run} goes on" in interrupted.communicate(timeout=DEADLINE)[1] and interrupted.returncode == 130
    cli.lab.signal("go")
    for process in others:
        err = process.communicate(timeout=DEADLINE)[1]
        assert process.returncode == 0 and "tasks:held finished; 30 of 30 items done" in err
    _, err = cli("attach", run, code=2)
    assert err.count("\n") == 1 and "has ended" in err and f"pooltop results {run}" in err


def test_in_a_terminal_attach_and_resume_open_the_dashboard(cli: Cli) -> None:
    run = detached(cli)
    screen = Terminal(PROGRAM, "attach", environment=cli.environment)
    try:
        screen.wait_for(lambda shown: "tasks:held" in shown and "╭" in shown)
    finally:
        screen.close()
    cli("ctl", run, "stop")
    cli.lab.signal("go")
    screen = Terminal(PROGRAM, "resume", run, environment=cli.environment)
    try:
        screen.wait_for(lambda shown: "30 of 30" in shown and "╭" in shown)
    finally:
        screen.close()


# Results


def test_results_in_every_format_while_the_run_goes_on(cli: Cli) -> None:
    cli("run", "shapes:rounds", "--items", "range:3", "-o", "written.jsonl")
    lines, noise = cli("results", "last")
    assert lines == (cli.lab.folder / "written.jsonl").read_text()
    assert "importing shapes" in noise
    table = cli("results", "last", "--format", "csv", cwd="/")[0].splitlines()
    assert list(csv.DictReader(table))[1] == {"index": "1", "number": "1", "name": "a,b"}
    cli("results", "last", "--format", "pickle", "-o", "rounds.pickle")
    environment = {**cli.environment, "PYTHONPATH": str(cli.lab.folder)}
    code = "import pickle; print([each.number for each in pickle.load(open('rounds.pickle', 'rb'))])"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=cli.lab.folder, env=environment, text=True)
    assert printed.splitlines()[-1] == "[0, 1, 2]"

    cli("run", "shapes:loud", "--items", "range:2")
    assert cli("results", "last")[0] == '"Loud()"\n' * 2

    process = cli.start("run", "shapes:begun", "--items", "range:9", "-j", "2", "--headless")
    until(lambda: "begun" in cli("runs")[0] and cli("results", "begun")[0].split() == ["0", "1", "2"])
    cli.lab.signal("go")
    process.communicate(timeout=DEADLINE)


def test_results_whose_class_is_gone_are_one_line_and_no_file(cli: Cli) -> None:
    cli("run", "shapes:rounds", "--items", "range:3")
    cli.lab.write("shapes.py", SHAPES.replace("Round", "Circle"))
    _, err = cli("results", "last", "-o", "rounds", code=2)
    assert err.splitlines()[-1] == "pooltop: a result needs shapes.Round, and shapes has no 'Round'"
    assert "Traceback" not in err and not list(cli.lab.folder.glob("*rounds*"))


def test_standard_output_that_takes_no_more_is_no_traceback(cli: Cli) -> None:
    cli("run", "tasks:shout", "--items", "-", stdin="x" * 100_000 + "\n")
    process = cli.start("results", "last")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(DEADLINE) == 1
    process.stderr.close()
    closed = subprocess.run(["sh", "-c", f"{PROGRAM} results last >&-"], env=cli.environment, stderr=subprocess.PIPE)
    assert closed.returncode == 2 and closed.stderr.count(b"\n") == 1


PRINTING = (
    *("--help", "run --help", "list", "show blur", "runs", "runs --json", "log last", "results last"),
    *("failures last", "failures last --json", "ctl last snapshot", "repro last --index 0"),
)


@pytest.mark.parametrize("buffered", ["", pytest.param("1", marks=pytest.mark.chaos)])
def test_no_command_falls_over_a_standard_output_that_takes_no_more(cli: Cli, buffered: str) -> None:
    cli("run", "shapes:fragile", "--items", "range:3", code=1)
    cli.lab.write("shapes.py", SHAPES.replace('print("importing shapes")', ""))  # it would fail itself
    environment = {**cli.environment, "PYTHONUNBUFFERED": buffered}
    for command in PRINTING:
        with Path("/dev/full").open("w") as full:
            _, err = cli(*command.split(), code=1, stdout=full, env=environment)
        assert err.splitlines()[-1] == "pooltop: cannot write standard output: No space left on device", command
        assert err.count("\n") == 1 or command.startswith("repro"), err
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as closed:
            _, err = cli(*command.split(), code=1, stdout=closed, env=environment)
        assert err == "" or (command.startswith("repro") and err.count("\n") < 3), err


# Failures


def test_a_reader_of_failures_may_have_had_enough(cli: Cli) -> None:
    cli.lab.write("wrong.py", "def f(n: int) -> int:\n    raise ValueError('x' * 3000)\n")
    cli("run", "wrong:f", "--items", "range:300", code=1)
    process = cli.start("failures", "last")
    assert process.stdout is not None and process.stderr is not None
    assert "item 0" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(DEADLINE) == 1
    process.stderr.close()
    assert max(map(len, cli("failures", "last")[0].splitlines())) <= LONGEST_LINE + len(" … ")


def test_failures_tell_all_that_is_known(cli: Cli) -> None:
    cli("run", "shapes:fragile", "--items", "range:5", "--retries", "0", code=1)
    text = cli("failures", "last")[0]
    assert "item 2, 2: ValueError: broken \\x1b]0;\n  1 attempt, " in text and "\x1b" not in text
    assert "item 3, 3: SIGSEGV" in text and "string_at" in text and 'shapes.py", line' in text
    raised, crashed = json.loads(cli("failures", "last", "--json")[0])
    assert (raised["index"], crashed["index"], crashed["attempts"]) == (2, 3, 1)
    assert "ValueError" in raised["traceback"] and raised["seconds"] >= 0
    (cli.lab.folder / "mended").touch()
    cli("run", "shapes:fragile", "--items", "range:5")
    assert "no failed items" in cli("failures", "last")[0]
    assert json.loads(cli("failures", "last", "--json")[0]) == []


# Repro


def test_an_item_alone_does_what_it_did_in_the_run(cli: Cli) -> None:
    cli.lab.write("numbers.txt", "4\n3\n2\n")
    words = ("--items", "lines:numbers.txt", "--retries", "0", "--times", "7")
    cli("run", "shapes:fragile", *words, code=1)
    out, err = cli("repro", "last", "0", cwd="/")
    assert out == "importing shapes\n28\n" and "tried 4" in err

    out, err = cli("repro", "last", "2", code=1)  # the name of a failed item, not a place in the input
    assert "at position 2; by position: --index 2" not in err
    assert "item 2 of run" in err and err.endswith("ValueError: broken \\x1b]0;\n")
    assert "/pooltop/" not in err
    out, _ = cli("repro", "last", "2", "--pdb", code=1, stdin="p number * 1000\nq\n")
    assert "2000" in out

    _, err = cli("repro", "last", "3", code=-signal.SIGSEGV)
    assert "Segmentation fault" in err and "in fragile" in err

    for given, named in (
        (["9"], "no item 9"),
        (["seven"], "no failed item 'seven'"),
        ([], "--index"),
        (["9" * 30], "99"),
    ):
        _, err = cli("repro", "last", *given, code=2)
        assert named in err


def test_a_number_names_a_failed_item_before_a_position(cli: Cli) -> None:
    cli.lab.write("numbers.txt", "2\n4\n5\n")
    cli("run", "shapes:fragile", "--items", "lines:numbers.txt", code=1)
    _, err = cli("repro", "last", "2", code=1)
    assert "2 is taken as the name of the failed item at position 0; by position: --index 2\n" in err
    assert "item 0 of run" in err and "ValueError" in err
    out, err = cli("repro", "last", "--index", "2")
    assert out.endswith("\n5\n") and "taken as" not in err
    assert cli("repro", "last", "1")[0].endswith("\n4\n"), "of no failed item the name"

    cli.lab.write("numbers.txt", "2\n2\n")
    cli("run", "shapes:fragile", "--items", "lines:numbers.txt", code=1)
    assert "'2': give one's position with --index, 0, 1\n" in cli("repro", "last", "2", code=2)[1]


def test_an_item_that_stands_elsewhere_by_now_is_found_by_its_content(cli: Cli) -> None:
    cli.lab.write("numbers.txt", "4\n5\n6\n")
    cli("run", "shapes:fragile", "--items", "lines:numbers.txt")
    cli.lab.write("numbers.txt", "7\n6\n4\n")
    out, err = cli("repro", "last", "0")
    assert out.endswith("\n4\n") and "item 0 of run" in err and ", at position 2 of its source now: 4" in err
    _, err = cli("repro", "last", "1", code=2)
    assert err == "pooltop: the source has changed: item 1 of the run is in it no more\n"
    cli.lab.write("numbers.txt", "6\n")
    assert cli("repro", "last", "2")[0].endswith("\n6\n"), "its old place is beyond the end"

    cli.lab.write("odd.py", "items = [lambda: 1, lambda: 2]\ndef f(item):\n    return item()\n")
    cli("run", "odd:f", "--items", "odd:items", code=1)
    out, err = cli("repro", "last", "--index", "1")
    assert out == "2\n" and "no stable content" in err


def test_output_to_standard_output_by_its_name(cli: Cli) -> None:
    cli("run", "tasks:square", "--items", "range:3")
    assert cli("results", "last", "-o", "/dev/stdout")[0] == "0\n1\n4\n"


def test_an_item_alone_has_the_hash_seed_and_the_shared_objects(cli: Cli) -> None:
    cli.lab.write("seeded.py", "def f(word: str) -> int:\n    return hash(word)\n")
    words = cli.lab.write("words.txt", "one\n")
    seven = {**cli.environment, "PYTHONHASHSEED": "7"}
    cli("run", "seeded:f", "--items", "lines:words.txt", env=seven)
    words.write_text("one\none\n")
    cli("resume", "last")
    hashed = subprocess.check_output([sys.executable, "-c", "print(hash('one'))"], env=seven, text=True)
    assert {*cli("results", "last")[0].split(), cli("repro", "last", "0")[0].strip()} == {hashed.strip()}
    assert re.search("^7$", cli("run", "shapes:added") and cli("repro", "last", "2")[0], re.MULTILINE)
    cli("run", "shapes:paired")
    assert "need each other" in cli("repro", "last", "0", code=2)[1]

"""The real program in a real terminal: it gives the terminal back, however it is ended."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TypeAlias

import pexpect
import pytest

Program: TypeAlias = "pexpect.spawn[str]"  # generic in its published types only
COMMAND = [sys.executable, "-m", "tests.tui.fake", "2", "2", "60"]
ENVIRONMENT = {**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
ALTERNATE_SCREEN = "\x1b[?1049h"
BACK = "\x1b[?1049l"
DEADLINE = 20


def shown(**environment: str) -> Program:
    """The program on a terminal, its first table drawn."""
    child = pexpect.spawn(
        COMMAND[0],
        COMMAND[1:],
        env=ENVIRONMENT | environment,
        dimensions=(30, 100),
        encoding="utf-8",
        timeout=DEADLINE,
    )
    child.expect_exact("IMG_")
    return child


@pytest.fixture
def program() -> Iterator[Program]:
    child = shown()
    yield child
    child.close(force=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(program: Program, number: signal.Signals) -> None:
    program.kill(number)
    program.expect_exact(BACK)
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 128 + number


def test_leaving_prints_where_the_run_goes_on(program: Program) -> None:
    program.send("q")
    program.expect_exact("background")
    program.send("\r")
    program.expect_exact(BACK)
    program.expect_exact("pooltop attach 20251122-140200-blur")
    program.expect_exact("pooltop ctl 20251122-140200-blur stop")
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 0


def test_a_resized_terminal_is_drawn_anew(program: Program) -> None:
    program.setwinsize(14, 50)
    program.expect_exact("slot  state")


def test_it_ends_when_its_terminal_is_closed(program: Program) -> None:
    program.ptyproc.fileobj.close()  # type: ignore[attr-defined]  # left out by the published types
    program.wait()
    assert program.exitstatus == 128 + signal.SIGHUP


def test_it_notices_a_closed_terminal_of_which_no_signal_tells() -> None:
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        COMMAND, env=ENVIRONMENT, start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs
    )
    try:
        os.close(theirs)
        seen = b""
        while b"IMG_" not in seen:
            seen += os.read(ours, 65536)
        os.close(ours)
        assert program.wait(DEADLINE) == 128 + signal.SIGHUP
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("missing", ["stdin", "stderr"])
def test_without_a_terminal_it_says_so_in_one_line(missing: str) -> None:
    ours, theirs = pty.openpty()
    code = "from tui.app import NoTerminal, run_gallery\ntry: run_gallery()\nexcept NoTerminal as error: print(error)"
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL if missing == "stdin" else theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL if missing == "stderr" else theirs,
    )
    os.close(theirs)
    assert program.wait(DEADLINE) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "standard input" in said if missing == "stdin" else "standard error" in said
    assert "--headless" in said and said.count("\n") == 1 and "\x1b" not in said


def test_no_color_is_honoured() -> None:
    child = shown(NO_COLOR="1", COLORTERM="truecolor")
    drawn = child.before or ""
    child.close(force=True)
    colours = set(re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", drawn))
    assert colours and all(red == green == blue for red, green, blue in colours)

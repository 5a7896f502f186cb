"""The program `pooltop` as a person or a script starts it, in a place of its own."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.engine.harness import Lab

PROGRAM = str(Path(sys.executable).with_name("pooltop"))
DEADLINE = 30.0
TASKS = '''
import os, sys, time
from pathlib import Path

LAB = Path(os.environ["POOLTOP_LAB"])

def square(number: int, power: int = 2, negative: bool = False) -> int:
    """A power of a number."""
    if number == 13:
        raise ValueError("unlucky \\x1b[31m")
    print("worked on", number)
    return -(number**power) if negative else number**power

def held(number: int) -> int:
    (LAB / f"began-{number}").touch()
    while not (LAB / "go").exists():
        time.sleep(0.005)
    return number

def shout(word: str) -> str:
    return word.upper()
'''


class Cli:
    """The program in a place of its own."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.environment = {**os.environ, **lab.environment()}

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        given: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": self.environment,
            "cwd": self.lab.folder,
            "text": True,
            # Whoever runs the tests in the background of a shell has SIGINT ignored, which a Ctrl-C would not be.
            "preexec_fn": partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        }
        process: subprocess.Popen[str] = subprocess.Popen([PROGRAM, *arguments], **given | options)
        return process

    def __call__(self, *arguments: str, code: int = 0, stdin: str = "", **options: Any) -> tuple[str, str]:
        """Run it to its end; what it wrote on standard output and standard error."""
        process = self.start(*arguments, stdin=subprocess.PIPE, **options)
        out, err = process.communicate(stdin, timeout=DEADLINE)
        assert process.returncode == code, err
        return out, err

    def held_run(self, *options: str, **streams: Any) -> "subprocess.Popen[str]":
        """A headless run of a thousand items that wait, two of which have begun."""
        process = self.start("run", "tasks:held", "--items", "range:1000", "-j", "2", "--headless", *options, **streams)
        self.wait_for_items(process)
        return process

    def wait_for_items(self, process: "subprocess.Popen[str] | None" = None) -> None:
        deadline = time.monotonic() + DEADLINE
        while len(list(self.lab.folder.glob("began-*"))) < 2:
            assert time.monotonic() < deadline and (process is None or process.poll() is None)
            time.sleep(0.01)

    def run_folders(self) -> list[Path]:
        return list((self.lab.state / "pooltop" / "runs").glob("*"))

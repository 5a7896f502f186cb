"""The whole product as a newcomer meets it: the real program in a real terminal, with real processes behind it."""

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageFilter

from bench.terminal import Terminal

PROGRAM = shutil.which("pooltop", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "pooltop"
PICTURES = 24
RADIUS = 8.0
MARK = "POOLTOP_E2E"
SLOW = """
import time

def slow(x: int, *, seconds: float = 0.2) -> int:
    time.sleep(seconds)
    return x
"""
PICKY = """
import time
from pathlib import Path

def picky(x: int) -> int:
    time.sleep(0.03)
    if x == 3:
        print("I do not like threes")
        raise ValueError("a three")
    while x > 9 and not Path(__file__).with_name("go").exists():
        time.sleep(0.01)
    return x
"""


class Desk:
    """A place of its own for a test's runs, and the terminals open on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            MARK: str(folder),
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._terminals: list[Terminal] = []

    def open(self, *arguments: str, columns: int = 120, rows: int = 32) -> Terminal:
        terminal = Terminal(PROGRAM, *arguments, columns=columns, rows=rows, environment=self.environment)
        self._terminals.append(terminal)
        return terminal

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def clear(self) -> None:
        for terminal in self._terminals:
            terminal.close()
        for process in self.processes():
            process.kill()


def wait_until(condition: Callable[[], object], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="e2e-", dir="/tmp") as folder:  # short, for the sockets' sake
        Path(folder).chmod(0o700)
        Path(folder, "work.py").write_text(SLOW)
        desk = Desk(Path(folder))
        try:
            yield desk
        finally:
            desk.clear()


@pytest.fixture
def pictures(desk: Desk) -> Path:
    folder = desk.folder / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        noise = Image.effect_noise((1400 + 10 * number, 1000), 80)
        Image.merge("RGB", [noise, noise.rotate(90 * number), noise]).save(
            folder / f"{number:02}.png", compress_level=0
        )
    return folder


def plainly_blurred(picture: Path) -> Image.Image:
    return Image.open(picture).filter(ImageFilter.GaussianBlur(RADIUS))


def worker_pids(screen: str) -> dict[int, int]:
    """Slot and PID of each worker in the table."""
    return {int(slot): int(pid) for slot, pid in re.findall(r"(?m)^\W*(\d+) +(\d{2,}) +running ", screen)}


def test_pictures_are_blurred_whatever_is_done_to_the_workers(desk: Desk, pictures: Path) -> None:
    out = desk.folder / "out"
    terminal = desk.open("run", "blur", "--items", str(pictures), "--out", str(out), "--baseline", "none", "-j", "2")
    screen = terminal.wait_for(lambda screen: len(worker_pids(screen)) == 2)
    os.kill(worker_pids(screen)[2], signal.SIGKILL)
    terminal.wait_for("SIGKILL")
    terminal.press("k")
    terminal.wait_for("Signal worker 1")
    terminal.press("\x1b[B\x1b[B\r")
    terminal.wait_for("killed by you")
    terminal.press("+")
    terminal.wait_for("Workers 3")
    terminal.press("r")
    terminal.press("-")
    terminal.wait_for("Workers 2")
    terminal.wait_for(f"{PICTURES} of {PICTURES}", within=60)
    terminal.wait_for("finished")
    terminal.press("q")
    assert terminal.wait_for_exit() == 0
    for picture in sorted(pictures.iterdir()):
        with Image.open(out / picture.name) as blurred:
            assert blurred.tobytes() == plainly_blurred(picture).tobytes(), picture.name
    assert sorted(file.name for file in out.iterdir()) == sorted(file.name for file in pictures.iterdir())
    wait_until(lambda: not desk.processes(), within=2)


def test_from_the_gallery_a_function_of_ones_own(desk: Desk) -> None:
    terminal = desk.open()
    terminal.wait_for("your own function")
    terminal.press("\x1b[F")
    terminal.wait_for("Type where it is")
    terminal.press("\r")
    terminal.press(f"{desk.folder}/work.py:slow")
    terminal.wait_for("seconds")
    terminal.press("\t")
    terminal.settle()
    terminal.press("range:10\r")
    terminal.wait_for("10 of 10")
    terminal.wait_for("finished")
    terminal.press("q")
    assert terminal.wait_for_exit() == 0


def test_the_functions_of_a_file_are_in_the_gallery_and_later_what_ran(desk: Desk) -> None:
    file = f"{desk.folder}/work.py"
    terminal = desk.open(file)
    terminal.wait_for(f"From {file}"[:20])
    terminal.press("\x1b[F\x1b[A")
    terminal.wait_for(f"{file}:slow")
    terminal.press("\t")
    terminal.settle()
    terminal.press("range:4\r")
    terminal.wait_for("4 of 4")
    terminal.wait_for("finished")
    terminal.press("q")
    assert terminal.wait_for_exit() == 0
    again = desk.open()
    again.wait_for("Lately")
    again.press("\x1b[F\x1b[A")
    again.wait_for(f"{file}:slow")
    again.press("q")
    assert again.wait_for_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back_and_ends_no_work(desk: Desk, number: signal.Signals) -> None:
    terminal = desk.open("run", f"{desk.folder}/work.py:slow", "--items", "range:1000", "-j", "1")
    terminal.wait_for(" running ")
    terminal.signal(number)
    assert terminal.wait_for_exit() in (128 + number, -number, 0)
    assert b"\x1b[?1049l" in terminal.written
    assert desk.processes(), "the run goes on"


def test_a_closed_terminal_ends_the_screen_but_not_the_work(desk: Desk) -> None:
    terminal = desk.open("run", f"{desk.folder}/work.py:slow", "--items", "range:1000", "-j", "1")
    terminal.wait_for(" running ")
    screen = psutil.Process(terminal.pid)
    terminal.close()
    wait_until(lambda: not screen.is_running() or screen.status() == psutil.STATUS_ZOMBIE, within=5)
    assert desk.processes(), "the run goes on"


def test_a_run_is_shown_again_on_two_terminals_and_one_that_stalls_holds_up_nobody(desk: Desk) -> None:
    (desk.folder / "taste.py").write_text(PICKY)
    first = desk.open("run", f"{desk.folder}/taste.py:picky", "--items", "range:40", "-j", "2")
    first.wait_for("1 failed")
    first.signal(signal.SIGKILL)
    assert first.wait_for_exit() == -signal.SIGKILL
    [run] = (desk.folder / "state" / "pooltop" / "runs").iterdir()
    again = [desk.open("attach", run.name), desk.open("attach")]
    for terminal in again:
        terminal.wait_for("1 failed")
        terminal.wait_for("I do not like threes")
        terminal.wait_for(lambda screen: re.search("[▁-█]{2}", screen) is not None)
        terminal.press("f")
        terminal.wait_for("ValueError: a three")
        terminal.press("\x1b")
        terminal.wait_for("Workers 2")
    stalled, other = again
    stalled.signal(signal.SIGSTOP)
    (desk.folder / "go").touch()
    other.wait_for("finished")
    other.press("q")
    assert other.wait_for_exit() == 1
    wait_until(lambda: len(desk.processes()) == 1)
    stalled.signal(signal.SIGCONT)
    stalled.wait_for("39 of 40")
    stalled.press("q")
    assert stalled.wait_for_exit() == 1


@pytest.mark.parametrize(("columns", "rows"), [(140, 40), (80, 24), (50, 15), (40, 12)])
def test_every_size_shows_how_far_it_is(desk: Desk, columns: int, rows: int) -> None:
    terminal = desk.open("run", f"{desk.folder}/work.py:slow", "--items", "range:1000", columns=columns, rows=rows)
    terminal.wait_for("of 1,000")
    terminal.resize(100, 30)
    terminal.wait_for("Workers")
    terminal.press("q")
    terminal.wait_for(lambda screen: "background" in screen.lower())
    terminal.press("\x1b")


def test_bad_input_is_one_line_before_any_screen(desk: Desk) -> None:
    terminal = desk.open("run", "blur", "--radius", "wide")
    assert terminal.wait_for_exit() == 2
    assert b"\x1b[?1049h" not in terminal.written
    assert "pooltop: --radius: 'wide' is not a float" in terminal.text

"""Progress without a dashboard: a line that is updated on a terminal, lines now and then elsewhere, never a wait."""

import contextlib
import fcntl
import io
import os
import struct
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from pooltop.model import Progress, RunState, SharedObject, Snapshot, Wait
from pooltop.plain import ProgressLines, progress_line, say


def snapshot(state: RunState = "running", done: int = 0, **fields: object) -> Snapshot:
    whole = {"run": "r", "workload": "blur", "time": 0.0} | fields
    return Snapshot(state=state, progress=Progress(total=48, done=done), **whole)  # type: ignore[arg-type]  # made up


class Terminal:
    """A pseudo-terminal: what is written to `stream` appears in `shown`."""

    def __init__(self, columns: int) -> None:
        self._screen, inner = os.openpty()
        os.set_blocking(self._screen, False)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream: TextIO = os.fdopen(inner, "w", encoding="utf-8")

    def shown(self) -> str:
        try:
            return os.read(self._screen, 1 << 16).decode()
        except BlockingIOError:
            return ""

    def stop(self) -> None:
        termios.tcflow(self.stream.fileno(), termios.TCOOFF)

    def close(self) -> None:
        self.stream.close()
        os.close(self._screen)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal(columns=50)
    yield terminal
    terminal.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    yield reading, stream
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def test_the_line_says_how_far_it_is() -> None:
    progress = Progress(total=5480, done=2400, failed=12, rate=24.12, eta=130)
    line = progress_line(Snapshot(run="r", workload="blur", state="running", time=0, progress=progress))
    assert line == "blur  running  2,412 of 5,480  44 %  12 failed  24.1 items/s  about 2:10 left"


def test_a_resumed_run_says_what_it_has_kept() -> None:
    progress = Progress(total=50, done=20, kept=12)
    line = progress_line(Snapshot(run="r", workload="blur", state="running", time=0, progress=progress))
    assert line == "blur  running  20 of 50  40 %  12 kept"


def test_not_all_is_never_100_percent_and_nothing_is() -> None:
    almost = Snapshot(run="r", workload="w", state="running", time=0, progress=Progress(total=1000, done=999))
    assert "99 %" in progress_line(almost)
    nothing = Snapshot(run="r", workload="w", state="checking", time=0, progress=Progress(total=0))
    assert "0 of 0  100 %" in progress_line(nothing)


def test_without_a_total_it_counts() -> None:
    counting = Snapshot(run="r", workload="w", state="running", time=0, progress=Progress(done=1))
    assert progress_line(counting) == "w  running  1 item"


def test_who_waits_long_for_what_is_told() -> None:
    lock = SharedObject(name="lock", kind="Lock", holder=2, waits=(Wait(1, 1.2), Wait(3, 0.2)))
    briefly = SharedObject(name="orders", kind="Queue", depth=0, waits=(Wait(4, 0.9),))
    assert progress_line(snapshot(shared=(lock, briefly))).endswith("0 %  2 workers waiting for lock")


def test_a_terminal_has_one_line_that_is_updated_and_goes_away(terminal: Terminal) -> None:
    lines = ProgressLines(terminal.stream)
    lines.show(snapshot(done=1))
    assert terminal.shown() == "\rblur  running  1 of 48  2 %\x1b[K"
    lines.show(snapshot(done=1))
    assert terminal.shown() == ""  # nothing new, nothing written
    lines.show(snapshot(done=2))
    assert terminal.shown() == "\rblur  running  2 of 48  4 %\x1b[K"
    lines.clear()
    assert terminal.shown() == "\r\x1b[K"
    lines.clear()
    assert terminal.shown() == ""


def test_the_line_never_wraps_nor_steers_the_terminal(terminal: Terminal) -> None:
    ProgressLines(terminal.stream).show(snapshot(workload="\x1b[2J" + "日" * 100))
    shown = terminal.shown().removeprefix("\r").removesuffix("\x1b[K")
    assert "\x1b" not in shown and shown.startswith("\\x1b[2J日") and shown.endswith("…")
    assert len(shown) + shown.count("日") <= 49


def test_elsewhere_a_line_at_each_change_and_every_few_seconds() -> None:
    out, now = io.StringIO(), [0.0]
    out.fileno = lambda: 1  # type: ignore[method-assign]  # select() asks for a descriptor that can be written
    lines = ProgressLines(out, clock=lambda: now[0])
    for second in range(11):
        now[0] = float(second)
        lines.show(snapshot("starting" if second < 2 else "running", done=second))
    lines.show(snapshot("finished", done=48))
    lines.clear()
    assert [line.split("  ")[1:3] for line in out.getvalue().splitlines()] == [
        ["running", "2 of 48"],
        ["running", "7 of 48"],
    ]


def test_only_a_long_start_is_worth_a_line() -> None:
    out, now = io.StringIO(), [0.0]
    out.fileno = lambda: 1  # type: ignore[method-assign]  # select() asks for a descriptor that can be written
    lines = ProgressLines(out, clock=lambda: now[0])
    lines.show(snapshot("starting"))
    assert out.getvalue() == ""
    now[0] = 5.0
    lines.show(snapshot("starting"))
    assert out.getvalue() == "blur  starting\n"


def test_a_stopped_terminal_holds_up_nothing(terminal: Terminal) -> None:
    terminal.stop()
    lines = ProgressLines(terminal.stream)
    for done in range(1000):
        lines.show(snapshot(done=done))


def test_a_full_pipe_holds_up_nothing(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    now = iter(range(0, 10**9, 10))
    lines = ProgressLines(stream, clock=lambda: float(next(now)))
    for done in range(10_000):
        lines.show(snapshot(done=done))
    os.close(reading)


def test_a_broken_pipe_is_silence(pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
    reading, stream = pipe
    os.close(reading)
    lines = ProgressLines(stream)
    lines.show(snapshot("running"))
    lines.show(snapshot("checking"))
    monkeypatch.setattr("sys.stderr", stream)
    say("nobody is there")
    monkeypatch.setattr("sys.stderr", None)
    say("not even this")
    ProgressLines(None).show(snapshot())

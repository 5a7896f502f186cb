"""The terminal that the dashboard lives in: whether there is one, and what happens when it goes away."""

import os
import signal
import sys
import termios
import threading
import time

GONE = 128 + signal.SIGHUP
LOOK_EVERY = 1.0


class NoTerminal(Exception):
    """There is nowhere to draw; the message is one clear line."""


def require_terminal() -> int:
    """The descriptor of the terminal; raises `NoTerminal` where there is none.

    Textual reads stdin and draws on stderr, whatever becomes of stdout.
    """
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty():
            raise NoTerminal(f"the dashboard needs a terminal, and {name} is none; --headless does without")
    assert sys.__stdin__ is not None
    return sys.__stdin__.fileno()


def hung_up(descriptor: int) -> bool:
    """Whether the terminal behind `descriptor` has been closed."""
    try:
        termios.tcgetattr(descriptor)
    except (termios.error, OSError):
        return True
    return False


def leave_with_terminal(descriptor: int) -> None:
    """End this process, at most a second late, once its terminal has been closed.

    SIGHUP may be ignored (nohup, a detached shell). Textual would then spin on reading, and block for ever in
    writing, so no handler on its loop would run. Nothing is lost: the run lives in another process, and there
    is no terminal left to restore.
    """
    threading.Thread(target=_watch, args=(descriptor,), daemon=True, name="terminal").start()


def _watch(descriptor: int) -> None:
    while not hung_up(descriptor):
        time.sleep(LOOK_EVERY)
    os._exit(GONE)

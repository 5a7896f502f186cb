"""Takes the README's pictures: runs the real program in a real terminal, types at it, and draws what it shows.

python -m bench.shots [FOLDER]        (make shots)
"""

import sys
import tempfile
from pathlib import Path

from bench.program import POOLTOP
from bench.terminal import Terminal

DOWN = "\x1b[B"


def take_first_minutes(folder: Path, environment: dict[str, str]) -> None:
    """The gallery, a run with a worker killed in it, and the end."""
    terminal = Terminal(POOLTOP, environment=environment)
    try:
        terminal.wait_for("Blur pictures")
        while "Gaussian blur over" not in terminal.text:
            terminal.press(DOWN)
            terminal.watch(0.3)
        terminal.watch(1)
        terminal.save(folder / "gallery.svg", "pooltop")
        terminal.press("\r")
        terminal.wait_for("running  ")
        terminal.wait_for("Speedup so far")
        terminal.watch(2)
        terminal.press("K")
        terminal.watch(2)
        terminal.save(folder / "running.svg", "pooltop")
        terminal.wait_for("finished")
        terminal.watch(1)
        terminal.save(folder / "end.svg", "pooltop")
        terminal.press("q")
        terminal.watch(0.5)
    finally:
        terminal.close()


def take_sharing(folder: Path, environment: dict[str, str]) -> None:
    """Workers that share something, one of them waiting."""
    terminal = Terminal(POOLTOP, "run", "queues", environment=environment)
    try:
        terminal.wait_for("queue wait")
        terminal.watch(2)
        terminal.wait_for("queue wait")
        terminal.save(folder / "sharing.svg", "pooltop run queues")
    finally:
        terminal.close()


def main() -> None:
    """Take them with a state directory of their own."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with tempfile.TemporaryDirectory(prefix="pooltop-") as state:
        environment = {"XDG_STATE_HOME": state}
        take_first_minutes(folder, environment)
        take_sharing(folder, environment)


if __name__ == "__main__":
    main()

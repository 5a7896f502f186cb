"""Takes the README's pictures: runs the real program in a real terminal, types at it, and draws what it shows.

python -m bench.shots [FOLDER]        (make shots)
"""

import sys
import tempfile
from pathlib import Path

from bench.terminal import Terminal


def take(folder: Path, environment: dict[str, str]) -> None:
    """The gallery, a run with a worker killed in it, and the end."""
    terminal = Terminal("pooltop", environment=environment)
    try:
        terminal.wait_for("Blur pictures")
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


def main() -> None:
    """Take them with a state directory of their own."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with tempfile.TemporaryDirectory(prefix="pooltop-") as state:
        take(folder, {"XDG_STATE_HOME": state})


if __name__ == "__main__":
    main()

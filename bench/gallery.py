"""Runs every entry of the gallery at test size and prints what its check said: python -m bench.gallery (make gallery).

Exits with 1 where a check did not hold, a run did not finish, or an entry has no test size.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from bench.program import POOLTOP
from pooltop.cpus import usable_cpus
from pooltop.gallery import pooltops_own
from workloads.blur import make_picture

PICTURES = "PICTURES"
"""In a size: the folder of a few pictures."""
FEW = 4
PATIENCE = 60
"""Seconds that a run may take."""

SIZES = {
    "arrays": "--cells 100 --width 2000",
    "balance": "--entries 20",
    "blur": f"--items {PICTURES}",
    "counter": "--raises 30",
    "filters": f"--items {PICTURES}",
    "hello": "--seconds 0.2",
    "map": "-j 4 --seconds 0.2",
    "overheads": "--repeats 1",
    "pipe": "--messages 100",
    "pool_methods": "--seconds 0.1",
    "queues": "--messages 30",
    "scrape": "--pages 30",
    "sorting": "--n 200000",
    "squares": "--n 500000 --singly 5000",
}
"""What makes a run of each entry short."""

LINE = "{:<14}{:<8}{:>10}{:>10}   {}"


def run(entry: str, size: str, pictures: Path) -> dict[str, Any]:
    """The summary of a headless run; where there is none, the last that the command said."""
    words = [word.replace(PICTURES, str(pictures)) for word in size.split()]
    command = [POOLTOP, "run", entry, "--headless", "--json", "-", *words]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        summary: dict[str, Any] = msgspec.json.decode(ended.stdout)
    except subprocess.TimeoutExpired:
        return {"state": "failed", "said": f"no end within {PATIENCE} s"}
    except msgspec.DecodeError:
        return {"state": "failed", "said": ended.stderr.strip().rpartition("\n")[2]}
    return summary


def verdict(summary: dict[str, Any]) -> tuple[str, str]:
    """`ok`, or another word and why."""
    check = summary.get("check")
    if summary["state"] != "finished" or check is None:
        return summary["state"], summary.get("said") or "no check was made"
    if not check["ok"]:
        return "WRONG", "; ".join([f"expected {check['expected']}, got {check['actual']}", *check["notes"]])
    failures = summary["failures"]
    return ("failed", f"{failures[0]['item']}: {failures[0]['error']}") if failures else ("ok", "")


def row(entry: str, pictures: Path) -> tuple[str, bool]:
    """A line of the table, and whether all is well with this entry."""
    if entry not in SIZES:
        return LINE.format(entry, "", "", "", "has no test size in bench/gallery.py"), False
    summary = run(entry, SIZES[entry], pictures)
    word, why = verdict(summary)
    figures = [
        "–" if figure is None else f"{figure:.2f}" for figure in (summary.get("seconds"), summary.get("speedup"))
    ]
    return LINE.format(entry, word, *figures, why).rstrip(), word == "ok"


def main() -> int:
    """All of them, one after another, with a state directory of their own; the exit code."""
    began = time.monotonic()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="pooltop-gallery-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        pictures = Path(folder, "pictures")
        pictures.mkdir()
        for number in range(FEW):
            make_picture(number, pictures)
        print(LINE.format("entry", "check", "seconds", "speedup", "").rstrip())
        for description in pooltops_own():
            line, ok = row(description.workload, pictures)
            print(line, flush=True)
            if not ok:
                wrong.append(description.workload)
    print(f"on {usable_cpus()} CPUs, in {time.monotonic() - began:.0f} s; not ok: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

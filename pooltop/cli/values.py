"""The values of options and arguments, from words."""

import contextlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import click

from pooltop.launch import default_workers
from pooltop.wire.link import MAX_HZ, MIN_HZ
from pooltop.wire.slots import MOST_WORKERS


def at_least(smallest: int) -> Callable[[str], int]:
    """Converts a whole number that is not under `smallest`."""

    def whole_number(text: str) -> int:
        if not re.fullmatch(r"\+?\d{1,18}", text, re.ASCII) or int(text) < smallest:
            raise click.BadParameter(f"{text!r} is no whole number from {smallest} up")
        return int(text)

    return whole_number


def hertz(text: str) -> float:
    """Snapshots a second."""
    with contextlib.suppress(ValueError):
        if MIN_HZ <= float(text) <= MAX_HZ:
            return float(text)
    raise click.BadParameter(f"{text!r} is no rate between {MIN_HZ:g} and {MAX_HZ:g} a second")


def worker_count(text: str) -> int:
    """`4`, `50%` of the CPUs, `+1` more or `-1` fewer than there are; at least one."""
    match = re.fullmatch(r"([+-]?)(\d+)(%?)", text, re.ASCII)
    if match is None or (match[1] and match[3]):
        raise click.BadParameter(f"{text!r} is no number of workers: 4, 50%, +1 or -1")
    sign, number, percent = match[1], int(match[2]), match[3]
    cpus = default_workers()
    if sign == "-":
        return max(1, cpus - number)
    if number == 0 and not sign:
        raise click.BadParameter(f"{text!r} is no worker at all")
    count = max(1, cpus * number // 100) if percent else number + (cpus if sign else 0)
    if count > MOST_WORKERS:
        raise click.BadParameter(f"{text!r} is more than {MOST_WORKERS} workers")
    return count


def items_in_a_chunk(text: str) -> int | None:
    """A number of items, or `auto`: None."""
    if text == "auto":
        return None
    return at_least(1)(text)


def summary_file(text: str) -> str:
    """`-`, which is standard output, or the absolute path of a file that can be written."""
    return text if text == "-" else output_file(text)


def output_file(text: str) -> str:
    """The absolute path of a file that can be written."""
    if text == "-":
        raise click.BadParameter("the return values go to a file; '-' is none")
    path = Path(text).absolute()
    if path.is_dir():
        raise click.BadParameter(f"{text} is a folder")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    replaced = path.resolve().parent if path.is_file() or not path.exists() else path
    if not all(os.access(place, os.W_OK) for place in (replaced, path) if place.exists()):
        raise click.BadParameter(f"{text} cannot be written")
    return str(path)


def signal_name(text: str) -> str:
    """A signal's name, with SIG or without, or its number, as its name without SIG."""
    word = text.upper()
    with contextlib.suppress(ValueError):
        word = signal.Signals(int(word)).name
    name = word.removeprefix("SIG")
    if f"SIG{name}" not in signal.Signals.__members__:
        raise click.BadParameter(f"there is no signal {text!r}")
    return name

"""The values of options and arguments, from words."""

import contextlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import click

from pooltop.errors import WorkloadError
from pooltop.launch import default_workers
from pooltop.model import Halt
from pooltop.wire.link import MAX_HZ, MIN_HZ
from pooltop.wire.slots import MOST_WORKERS
from pooltop.work.paths import path_of

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_POWERS = " KMGT"
_LEAST_MEMORY = 1 << 20
"""A worker takes more than this before it has done anything, so less is a number whose unit was forgotten."""


class TimeLimit(NamedTuple):
    """How long an item may take: `seconds`, or `percent` of the running median."""

    seconds: float | None = None
    percent: float | None = None


class JobLogFile(NamedTuple):
    """Where the job log goes; `anew`: what is there already is not kept."""

    path: Path
    anew: bool


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


def time_limit(text: str) -> TimeLimit:
    """As GNU parallel has it: `30`, `30s`, `0.5m`, `1h`, `1d12h`, or `300%` of the median."""
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)%", text, re.ASCII)
    if percent is not None:
        if float(percent[1]) <= 100:
            raise click.BadParameter(f"{text!r} of the median would end every second item; 300% is a sensible limit")
        return TimeLimit(percent=float(percent[1]))
    seconds = 0.0
    if re.fullmatch(rf"{_NUMBER}|(?:{_NUMBER}[smhd])+", text, re.ASCII):
        parts = re.findall(rf"({_NUMBER})([smhd]?)", text)
        seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{text!r} is no time: 30, 0.5, 30s, 5m, 1h, 1d or 300%")
    return TimeLimit(seconds=seconds)


def memory_size(text: str) -> int:
    """Bytes: `2G`, `512M`, `1.5GiB`, `300000000`; K, M, G and T are powers of 1024."""
    match = re.fullmatch(r"(\d{1,18}(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.upper(), re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size: 2G, 512M, 1.5GiB or bytes")
    size = int(float(match[1]) * 1024 ** _POWERS.index(match[2] or " "))
    if size < _LEAST_MEMORY:
        raise click.BadParameter(f"{text!r} is less than any worker takes; 2G is 2 gigabytes")
    return size


def halt_rule(text: str) -> Halt | None:
    """`never`: None; else when too many failures end a run: `now,fail=3`, `soon,fail=10%`."""
    if text == "never":
        return None
    match = re.fullmatch(r"(now|soon),fail=(\d{1,18}(?:\.\d+)?)(%?)", text, re.ASCII)
    if match is None or ("." in match[2] and not match[3]):
        raise click.BadParameter(f"{text!r} is no rule: never, now,fail=3, soon,fail=1 or soon,fail=10%")
    number = float(match[2])
    if number <= 0 or (match[3] and number > 100):
        raise click.BadParameter(f"{text!r} could never be: a number from 1 on, or up to 100%")
    when: Literal["now", "soon"] = "now" if match[1] == "now" else "soon"
    return Halt(when, percent=number) if match[3] else Halt(when, count=int(number))


def job_log(text: str) -> JobLogFile:
    """A file that can be written; with `+` before its name what it holds is kept."""
    name = text.removeprefix("+")
    if not name:
        raise click.BadParameter(f"{text!r} names no file")
    path = Path(run_output(name))
    if path.exists() and not (path.is_file() or path.is_char_device()):
        raise click.BadParameter(f"{name} is no file")
    return JobLogFile(path, anew=name == text)


def summary_file(text: str) -> str:
    """`-`, which is standard output, or the absolute path of a file that can be written."""
    return text if text == "-" else output_file(text)


def output_file(text: str) -> str:
    """The absolute path of a file that can be written."""
    if text == "-":
        raise click.BadParameter("a file is wanted; '-' is none")
    try:
        path = path_of(text, Path.cwd())
    except WorkloadError as error:
        raise click.BadParameter(str(error)) from None
    if path.is_dir():
        raise click.BadParameter(f"{text} is a folder")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    replaced = path.resolve().parent if path.is_file() or not path.exists() else path
    if not all(os.access(place, os.W_OK) for place in (replaced, path) if place.exists()):
        raise click.BadParameter(f"{text} cannot be written")
    return str(path)


def run_output(text: str) -> str:
    """The same of a file that processes of the run write, for which /dev/stdout would be one of their own."""
    file = output_file(text)
    if file == "/dev/stdout" or file.startswith(("/dev/fd/", "/proc/self/fd/")):
        raise click.BadParameter(f"{text} is another one in each process of a run: name a file")
    return file


def signal_name(text: str) -> str:
    """A signal's name, with SIG or without, or its number, as its name without SIG."""
    word = text.upper()
    with contextlib.suppress(ValueError):
        word = signal.Signals(int(word)).name
    name = word.removeprefix("SIG")
    if f"SIG{name}" not in signal.Signals.__members__:
        raise click.BadParameter(f"there is no signal {text!r}")
    return name

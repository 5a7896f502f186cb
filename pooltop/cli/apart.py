"""The files of a run must not be one and the same: what is written last would take the place of the others."""

from itertools import combinations
from pathlib import Path

import click

from pooltop.model import RunSpec
from pooltop.work.items import reads_stdin
from pooltop.work.paths import path_of
from pooltop.work.records import READERS


def check_apart(spec: RunSpec, summary: str | None) -> None:
    """Raise UsageError where two of the job log, the output, the summary (`-` is no file) and the file of the items
    are the same."""
    written = {"--joblog": spec.joblog, "-o": spec.output, "--json": None if summary == "-" else summary}
    files = {option: Path(file) for option, file in written.items() if file is not None}
    if spec.items is not None and not reads_stdin(spec.items):
        files["--items"] = path_of(_file_of_items(spec.items), Path(spec.directory))
    for (one, file), (other, another) in combinations(files.items(), 2):
        if _are_one(file, another):
            raise click.UsageError(f"{one} and {other} are the same file: {file}")


def _file_of_items(items: str) -> str:
    prefix, _, rest = items.partition(":")
    return rest if prefix in READERS else items


def _are_one(file: Path, other: Path) -> bool:
    """Whether both names are those of one file, there already or not. Devices may be written to by many."""
    if file.exists() and other.exists():
        return file.is_file() and file.samefile(other)
    return file.resolve() == other.resolve()

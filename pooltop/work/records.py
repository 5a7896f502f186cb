"""Records of a text file, read one at a time: lines, JSON lines, rows of a CSV file."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

from pooltop.errors import WorkloadError
from pooltop.work.paths import path_of

Reader: TypeAlias = Callable[[Iterable[str], str], Iterator[Any]]
"""Makes records of the lines of a text, the name of which stands in its errors."""


def open_records(kind: str, file: str, directory: Path, stdin: TextIO | None) -> Iterator[Any]:
    """The records of `file`, of a kind in `READERS`; `-` is `stdin`. It is opened when the first one is asked for.

    Raises WorkloadError where there is no such file; the iterator raises it, naming file and line, for a record
    that cannot be read.
    """
    if file == "-":
        if stdin is None:
            raise WorkloadError(f"{kind}:-: there is no standard input here")
        return READERS[kind](stdin, "standard input")
    path = path_of(file, directory)
    if not file or path.is_dir():
        raise WorkloadError(f"{kind}:{file} names no file")
    if not path.exists():
        raise WorkloadError(f"{kind}:{file}: no such file")
    return READERS[kind](_text(path, file), file)


def _text(path: Path, name: str) -> Iterator[str]:
    """Its lines as UTF-8 (a byte order mark dropped); bytes that are none survive as surrogates, as in file names."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from file
    except OSError as error:
        raise WorkloadError(f"{name}: {error.strerror}") from None


def _lines(text: Iterable[str], _name: str) -> Iterator[str]:
    return (line.removesuffix("\n").removesuffix("\r") for line in text)


def _json_lines(text: Iterable[str], name: str) -> Iterator[Any]:
    for number, line in enumerate(text, start=1):
        if line.isspace():
            continue
        try:
            yield json.loads(line)
        except ValueError as error:
            raise WorkloadError(f"{name}, line {number} is not JSON: {error}") from None
        except RecursionError:
            raise WorkloadError(f"{name}, line {number} is JSON nested too deeply to be read") from None


def _rows(text: Iterable[str], name: str) -> Iterator[dict[str, str | None]]:
    """A dict a row by the names in the first one; fields that a short row lacks are None."""
    reader = csv.DictReader(text)
    try:
        for row in reader:
            if None in row:
                raise WorkloadError(f"{name}, line {reader.line_num} has more fields than the first line")
            yield row
    except csv.Error as error:
        raise WorkloadError(f"{name}, line {reader.line_num}: {error}") from None


READERS: Final[Mapping[str, Reader]] = {"lines": _lines, "jsonl": _json_lines, "csv": _rows}

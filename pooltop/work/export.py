"""A run's return values in the formats of `pooltop results`."""

import csv
import dataclasses
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, TypeAlias

from pooltop.errors import WorkloadError
from pooltop.work.output import json_line, safe_repr

Rows: TypeAlias = Iterable[tuple[int, Any]]
"""Index and return value of each item that has one, in input order; may be iterated more than once."""

_INDEX = "index"


def write_jsonl(rows: Rows, file: BinaryIO) -> None:
    """A line of JSON each, as `run -o` writes them."""
    for _, value in rows:
        file.write(f"{json_line(value)}\n".encode())


def write_csv(rows: Rows, file: BinaryIO, show: Callable[[str], str] = str) -> None:
    """`index` and a column for each field where all values are records with the same fields, else `index,result`.

    show: what is done to the text of each cell.

    Raises WorkloadError where, in a run that goes on, values of another form have come between two readings.
    """
    fields = _common_fields(rows)
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        # All texts in quotes: where they are needed only, the module overlooks a carriage return.
        table = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        table.writerow(map(show, (_INDEX, *(fields or ["result"]))))
        for index, value in rows:
            cells = _fields(value, fields) if fields else (value,)
            table.writerow((index, *(_cell(each, show) for each in cells)))
    finally:
        text.detach()


def write_pickle(rows: Rows, file: BinaryIO) -> None:
    """One list of the values."""
    pickle.dump([value for _, value in rows], file, pickle.HIGHEST_PROTOCOL)


def _common_fields(rows: Rows) -> Sequence[str]:
    """The fields that every value has; () where one is no record, or another."""
    common: Sequence[str] = ()
    for _, value in rows:
        record = _record(value)
        if not record or _INDEX in record or (common and record.keys() != set(common)):
            return ()
        common = common or tuple(record)
    return common


def _fields(value: object, names: Sequence[str]) -> Iterator[object]:
    record = _record(value)
    if record is None or record.keys() != set(names):
        raise WorkloadError("results of another form have come in the meantime; try again")
    return (record[name] for name in names)


def _record(value: Any) -> dict[str, Any] | None:
    """A dict with names for keys, a dataclass or a named tuple as a dict."""
    if isinstance(value, dict):
        return value if all(isinstance(key, str) for key in value) else None
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _cell(value: object, show: Callable[[str], str]) -> int | float | str:
    """A number as it is, nothing for None, JSON for a list or a dict, the text of everything else."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return ""
    return show(json_line(value) if isinstance(value, dict | list | tuple) else _text(value))


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # of the person's own __str__
        return safe_repr(value)

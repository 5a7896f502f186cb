"""Return values as text: a line of JSON each, in a file that appears whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pooltop.errors import WorkloadError, summary


def json_line(value: object) -> str:
    """One line of JSON; what JSON cannot hold as its repr."""
    try:
        return json.dumps(value, default=repr, allow_nan=False)
    except Exception:  # of the value's own repr, too
        return json.dumps(safe_repr(value))


def safe_repr(value: object) -> str:
    """Its repr, or that it has none."""
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} without a repr: {summary(error)}>"


@contextmanager
def appearing_whole(path: Path) -> Iterator[BinaryIO]:
    """The file to write to; it takes its name when all is written. A device or a pipe is written to as it is.

    Raises WorkloadError where that cannot be done.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as device:
                yield device
            return
        target = path.resolve()
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                yield file
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise WorkloadError(f"cannot write {path}: {error.strerror}") from None

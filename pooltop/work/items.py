"""Where items come from: `--items` in words, and a workload's own source."""

import difflib
import glob
import io
from collections.abc import Iterable, Mapping, Sized
from pathlib import Path
from typing import Any, Final, TextIO, cast

import msgspec

from pooltop.errors import WorkloadError, summary, user_traceback
from pooltop.work.calling import call_with
from pooltop.work.imported import Workload
from pooltop.work.load import load_object
from pooltop.work.locate import is_dotted_name, locate
from pooltop.work.paths import path_of
from pooltop.work.records import READERS, open_records

_PREFIXES: Final = ("range", "glob", *READERS)
_FORMS: Final = "range:N, glob:PATTERN, a folder, a file, lines:FILE, jsonl:FILE, csv:FILE or module:iterable"


class Source(msgspec.Struct, frozen=True):
    """Items, not read yet."""

    iterable: Iterable[Any]
    total: int | None
    """How many there are, where that is known without reading them."""
    textual: bool
    """They are text or plain data, to be converted by the annotation of the function's first parameter."""


def open_source(
    spec: str | None,
    workload: Workload,
    directory: Path,
    stdin: TextIO | None,
    *,
    options: Mapping[str, object] | None = None,
    run_folder: Path | None = None,
) -> Source:
    """The items that `spec` names, seen from `directory`; the workload's own where it is None. Nothing is read yet.

    stdin: what `-` reads; None where there is no standard input.
    options, run_folder: what the workload's own source may ask for, where it is a function.

    Raises WorkloadError for a source that is not there or holds nothing, and where the user's own code for it
    fails; the iterable raises it for a record that cannot be read.
    """
    if spec is not None and not workload.takes_items:
        raise WorkloadError(f"{workload.name}: its items are its own; --items cannot be given")
    if spec is None and not isinstance(workload.items, str):
        return _own(workload, {**(options or {}), "run_folder": run_folder})
    words = spec if spec is not None else str(workload.items)
    if _names_python(words, directory):
        return _from_python(words, directory)
    source = _from_words(words, directory, stdin)
    if isinstance(source.iterable, range) and workload.item_annotation is int:
        return msgspec.structs.replace(source, textual=False)  # ints as they should be: a call each saved
    return source


def check_spec(spec: str | None, directory: Path) -> None:
    """Raise WorkloadError for what is wrong with `spec` that can be known without running any code of the user's."""
    if spec is None:
        return
    if _names_python(spec, directory):
        locate(spec, directory)
    else:
        _from_words(spec, directory, io.StringIO())


def reads_stdin(spec: str | None) -> bool:
    """Whether items come from standard input."""
    return spec is not None and _split(spec)[1] == "-"


def _split(spec: str) -> tuple[str, str]:
    """Prefix and rest; the prefix is "" for what has none of ours."""
    if spec == "-":
        return "lines", "-"
    prefix, _, rest = spec.partition(":")
    return (prefix, rest) if prefix in _PREFIXES and ":" in spec else ("", spec)


def _names_python(spec: str, directory: Path) -> bool:
    """Whether `spec` is `module:name` or `file.py:name`, and not a file of just that name."""
    if _split(spec)[0] or path_of(spec, directory).exists():
        return False
    place, _, name = spec.rpartition(":")
    return is_dotted_name(name) and (is_dotted_name(place) or place.endswith(".py"))


def _from_words(spec: str, directory: Path, stdin: TextIO | None) -> Source:
    prefix, rest = _split(spec)
    if prefix == "range":
        return _range(spec, rest)
    if prefix == "glob":
        return _paths(spec, _matches(rest, directory), "matches no file")
    if prefix:
        return Source(open_records(prefix, rest, directory, stdin), total=None, textual=True)
    path = path_of(spec, directory)
    if spec and path.is_dir():
        return _paths(spec, _files(path, spec), "holds no files")
    if spec and path.exists():
        return Source([spec], total=1, textual=True)
    raise WorkloadError(_unknown(spec))


def _range(spec: str, numbers: str) -> Source:
    try:
        items = range(*(int(number) for number in numbers.split(":")))
        return Source(items, total=len(items), textual=True)
    except OverflowError:
        raise WorkloadError(f"{spec} is too long") from None
    except (ValueError, TypeError):
        raise WorkloadError(f"{spec} is not range:N, range:START:STOP or range:START:STOP:STEP in integers") from None


def _paths(spec: str, paths: list[str], complaint: str) -> Source:
    if not paths:
        raise WorkloadError(f"{spec} {complaint}")
    return Source(paths, total=len(paths), textual=True)


def _matches(pattern: str, directory: Path) -> list[str]:
    """The files that match, sorted; folders instead where the pattern ends in a slash."""
    if pattern.startswith("~/"):
        pattern = f"{Path.home()}{pattern[1:]}"
    if "\0" in pattern:
        return []
    # Path.glob takes no absolute pattern, and what its ** means depends on the Python version.
    found = glob.glob(pattern, root_dir=directory, recursive=True)  # noqa: PTH207
    return sorted(path for path in set(found) if pattern.endswith("/") or not (directory / path).is_dir())


def _files(folder: Path, given: str) -> list[str]:
    names = (path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    start = given.rstrip("/")
    return [f"{start}/{name}" for name in sorted(names)]


def _from_python(spec: str, directory: Path) -> Source:
    items = _iterable(load_object(locate(spec, directory)), spec, {})
    return Source(items, total=_length(items), textual=True)


def _own(workload: Workload, offered: Mapping[str, object]) -> Source:
    if workload.items is None:
        raise WorkloadError(f"{workload.name} needs items: give --items with {_FORMS}")
    items = _iterable(workload.items, f"the items of {workload.name}", offered)
    return Source(items, total=_length(items), textual=False)


def _iterable(value: object, name: str, offered: Mapping[str, object]) -> Iterable[Any]:
    """`value`, or what it returns where it is a function."""
    if callable(value) and not isinstance(value, Iterable):
        try:
            value = call_with(value, offered)
        except (Exception, SystemExit) as error:  # the user's own code
            raise WorkloadError(f"{name}: {summary(error)}", user_traceback(error)) from None
    if isinstance(value, str | bytes) or not (isinstance(value, Iterable) or hasattr(value, "__getitem__")):
        raise WorkloadError(f"{name} is of type {type(value).__name__}, not an iterable of items")
    return cast(Iterable[Any], value)


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items) if isinstance(items, Sized) else None
    except Exception:  # the user's own code; many sources cannot tell
        return None


def _unknown(spec: str) -> str:
    prefix, colon, rest = spec.partition(":")
    close = difflib.get_close_matches(prefix, _PREFIXES, n=1) if colon else []
    if close:
        return f"items {spec!r}: did you mean {close[0]}:{rest}?"
    if spec.isdigit():
        return f"no such file or folder: {spec}; for numbers write range:{spec}"
    if glob.has_magic(spec):
        return f"no such file or folder: {spec}; for a pattern write glob:{spec}"
    return f"items {spec!r}: no such file or folder, and not of the form {_FORMS}"

"""What is wrong with what a person gave, in one line, and the part of a traceback that is theirs."""

import re
import traceback
from pathlib import Path

_ENGINE = str(Path(__file__).parent)
_OUR_FRAME = re.compile(
    rf'  File "(?:{re.escape(_ENGINE)}/|<frozen |<string>|.*/(?:multiprocessing|importlib)/)[^"]*"?, line \d+'
    "|Extension modules: "
)


class WorkloadError(Exception):
    """Bad input; `str(error)` is one clear line for the person.

    `details` is the traceback of the person's own code where that code raised, else "".
    """

    def __init__(self, line: str, details: str = "") -> None:
        super().__init__(line)
        self.details = details


LONGEST_LINE = 1000
LONGEST_TRACEBACK = 20_000
"""Characters: an exception may quote a whole page or array, and of failures there may be many."""


def summary(error: BaseException) -> str:
    """One line for an exception: `ValueError: bad header`; of a message of many lines, the first, and not all of a
    monster."""
    if isinstance(error, WorkloadError):
        return str(error)
    try:
        lines = str(error).strip().splitlines()
    except BaseException:  # the person's own __str__
        lines = []
    return shortened(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__, LONGEST_LINE)


def shortened(text: str, most: int) -> str:
    """`text`, where it is longer than `most` characters without its middle."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def user_traceback(error: BaseException) -> str:
    """The traceback of `error` and of its causes, without the frames of the engine and of the import system.

    "" where none of the frames of `error` itself is the person's.
    """
    formatted = traceback.TracebackException.from_exception(error)
    _drop_our_frames(formatted)
    if not formatted.stack and not isinstance(error, SyntaxError):
        return ""
    return shortened("".join(formatted.format()), LONGEST_TRACEBACK)


def user_dump(text: str) -> str:
    """What faulthandler and an import have written, without the frames of the engine and of the standard library's
    multiprocessing below it."""
    return "".join(line for line in text.splitlines(keepends=True) if not _OUR_FRAME.match(line))


def _drop_our_frames(formatted: traceback.TracebackException) -> None:
    seen = [formatted]
    for each in seen:  # which grows: of causes there may be thousands
        each.stack = traceback.StackSummary.from_list([frame for frame in each.stack if not _is_ours(frame.filename)])
        seen += (earlier for earlier in (each.__cause__, each.__context__) if earlier is not None)


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return (
        filename.startswith(("<frozen importlib", f"{_ENGINE}/"))
        or path.parent.name == "importlib"
        or path.parent.name == "asyncio"
    )

"""Text from user code and file names, made safe to show on a terminal."""

import re
import unicodedata

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters: what begins an escape sequence, 7 and 8 bit
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions: they can show a text reversed
    "\ud800-\udfff]"  # lone surrogates: bytes of a file name that are no UTF-8
)


def printable(text: str) -> str:
    """`text` on one line, each character that could steer a terminal shown as its escape (`\\x1b`), tabs as spaces."""
    return _UNSAFE.sub(lambda match: _escaped(match[0]), text)


def printable_lines(text: str) -> str:
    """The same for a text of many lines, such as a traceback."""
    return "\n".join(printable(line) for line in text.splitlines())


def width(text: str) -> int:
    """The terminal cells of printable text."""
    return sum(map(_cells, text))


def cut(text: str, cells: int) -> str:
    """As much of the beginning of printable text as fits, with an ellipsis where something is missing."""
    if width(text) <= cells:
        return text
    kept, room = "", cells - 1
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        kept += character
    return kept + "…" if cells > 0 else ""


def _escaped(character: str) -> str:
    return "    " if character == "\t" else character.encode("unicode_escape").decode()


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""What an item is called on the screen, in the log and in a failure: short, one line, and cheap to make.

`repr` of 16 MB of bytes takes a tenth of a second, so large things are named by type and size.
"""

import os
import reprlib

LIMIT = 200

_short = reprlib.Repr()
_short.maxstring = _short.maxother = LIMIT
_short.maxdict = _short.maxlist = _short.maxtuple = _short.maxset = 8


def label(item: object) -> str:
    """A name for the item, at most `LIMIT` characters. Never raises, whatever the item's own `repr` does."""
    try:
        return _cut(_name(item))
    except Exception:
        return f"<{type(item).__name__}>"


def _name(item: object) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, os.PathLike):
        return str(os.fspath(item))
    if isinstance(item, bytes | bytearray | memoryview) and len(item) > LIMIT:
        return f"<{type(item).__name__}, {len(item):,} bytes>"
    shape = getattr(item, "shape", None)
    if isinstance(shape, tuple):
        return f"<{type(item).__name__} {'x'.join(map(str, shape))}>"
    return _short.repr(item)


def _cut(text: str) -> str:
    """Keep both ends: the start tells the kind, the end of a path tells the file."""
    if len(text) <= LIMIT:
        return text
    return f"{text[: LIMIT // 3]}…{text[-(2 * LIMIT // 3 - 1) :]}"

"""What an item is called, in the room there is: a path keeps its end, which tells it from the others."""

import re

from rich.cells import cell_len

from tui.view.line import cell

PATH = re.compile(r"[^\s'\"({\[<]*/")
"""How a path begins: with a slash, or with a name before one; not so a sentence or the repr of an object."""


def shortened(name: str, width: int) -> str:
    """`name` in at most `width` columns: `…/pictures/picture-26.jpg` of a path, else its beginning."""
    if cell_len(name) <= width:
        return name
    if not PATH.match(name):
        return cell(name, width)
    return "…" + _end(name, width - 1) if width > 0 else ""


def _end(path: str, width: int) -> str:
    """As many whole folders and the file as fit; where not even the file does, the end of its name."""
    start = len(path)
    while start and cell_len(path[start - 1 :]) <= width:
        start -= 1
    folder = path.find("/", start, len(path.rstrip("/")))
    return path[start if folder < 0 else folder :]

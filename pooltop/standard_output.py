"""Standard output that takes no more: a full disk, or a reader that has had enough."""

import errno
import os
import sys

_TAKES_NO_MORE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE}


def takes_no_more(error: OSError) -> bool:
    """Whether printing has raised this: nothing else writes to what it has not opened by a name."""
    return error.errno in _TAKES_NO_MORE and error.filename is None


def given_up(error: OSError) -> str:
    """Drop what could not be printed, which Python would try again at its end; why that was, in one line, and ""
    where the reader has gone, who wants to hear no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return "" if error.errno == errno.EPIPE else f"cannot write standard output: {error.strerror}"

"""The two ends of a Pipe, as `multiprocessing` has them, brokered by the supervisor."""

import pickle
from types import TracebackType
from typing import Any

from pooltop.children.shared.asking import Asking


class Connection:
    """A `multiprocessing.connection.Connection` without a descriptor.

    Every worker has both ends. Whoever closes an end that it has used ends what the other end can read; to close one
    that it has not used, as one does with the end that belongs to the other process, does nothing else.
    """

    def __init__(self, asking: Asking, receives: int | None, sends: int | None) -> None:
        """`receives` and `sends` are the numbers of the two lines, None where it cannot."""
        self._asking = asking
        self._receives = receives
        self._sends = sends
        self._closed = False
        self._used = False

    @property
    def closed(self) -> bool:
        """Whether this process has closed it."""
        return self._closed

    @property
    def readable(self) -> bool:
        """Whether it can receive."""
        return self._receives is not None

    @property
    def writable(self) -> bool:
        """Whether it can send."""
        return self._sends is not None

    def send(self, obj: Any) -> None:
        """Raises OSError where it is closed or cannot send, BrokenPipeError where it has been closed by another."""
        self._send(pickle.dumps(obj, pickle.HIGHEST_PROTOCOL))

    def recv(self) -> Any:
        """Wait for an object. Raises EOFError where the other end is closed and nothing is left."""
        return pickle.loads(self._receive())

    def send_bytes(self, buf: bytes, offset: int = 0, size: int | None = None) -> None:
        """Send bytes as they are; raises as `send` does."""
        view = memoryview(buf).cast("B")
        self._send(bytes(view[offset : None if size is None else offset + size]))

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """Wait for bytes; raises as `recv` does, and OSError where they are more than `maxlength`."""
        received = bytes(self._receive())
        if maxlength is not None and len(received) > maxlength:
            self._stop_receiving()
            raise OSError("bad message length")
        return received

    def _stop_receiving(self) -> None:
        """As the standard library's, which has lost its place in the stream."""
        self._receives = None
        self._closed = self._closed or self._sends is None

    def poll(self, timeout: float | None = 0.0) -> bool:
        """Whether there is something to receive, or the end, within `timeout` seconds (None: for ever)."""
        line = self._line(self._receives, "receive")
        answer, _ = self._asking.ask(line, "peek", timeout=timeout)
        return answer.outcome == "done"

    def close(self) -> None:
        """Close it. If this process has used it, the other end receives what is left, then EOFError."""
        if self._used and not self._closed and self._sends is not None:
            self._asking.tell(self._sends, "close")
        self._closed = True

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, body: bytes) -> None:
        answer, _ = self._asking.ask(self._line(self._sends, "send"), "put", body=body)
        if answer.outcome == "closed":
            raise BrokenPipeError("the connection has been closed")

    def _receive(self) -> bytes | bytearray:
        answer, body = self._asking.ask(self._line(self._receives, "receive"), "get")
        if answer.outcome == "closed":
            raise EOFError
        return body

    def _line(self, number: int | None, what: str) -> int:
        if self._closed:
            raise OSError("handle is closed")
        if number is None:
            raise OSError(f"this end of the pipe cannot {what}")
        self._used = True
        return number

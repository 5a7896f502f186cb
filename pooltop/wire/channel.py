"""The private channel between the supervisor and one child: framed messages over a socket pair.

A frame is a header (length of the message, length of the body), the MessagePack message, and the body as it is. The
child's end blocks. The supervisor's end never does: neither a child that does not read nor one that was stopped in the
middle of a send may delay the others, so it moves at most `BUDGET` bytes a callback and keeps what it cannot send.
"""

import asyncio
import mmap
import select
import signal
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from pooltop.wire.messages import Message, Nonsense, decode
from pooltop.wire.packing import pack

HEADER = struct.Struct("<IQ")
BUDGET = 1 << 20
"""Bytes moved in one callback of the loop."""
READ_SIZE = 1 << 18
SMALL = 1 << 15
"""Bodies below this are joined with their header into one write."""

ReceivedBody: TypeAlias = bytes | bytearray
"""In a child."""
Body: TypeAlias = ReceivedBody | mmap.mmap
LARGE = 1 << 20
"""Bodies from this on are received in memory of their own: to clear a bytearray of hundreds of megabytes first would
hold up the loop, and what is mapped goes back to the system when it is let go of."""

LARGEST_MESSAGE = 1 << 28
"""Bytes of a message without its body; what claims to have more is none."""


ALARMS = (signal.SIGALRM, signal.SIGVTALRM)
"""By these people put a time limit on their own code, with a handler that raises; not in the middle of ours."""


class Undisturbed:
    """A block that no alarm's handler interrupts; it comes right after."""

    _how = signal.SIG_BLOCK

    def __enter__(self) -> None:
        self._before: set[int | signal.Signals] | None = None
        if any(callable(signal.getsignal(alarm)) for alarm in ALARMS):
            before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            try:
                signal.pthread_sigmask(self._how, ALARMS)
            except BaseException:  # of a handler, which pthread_sigmask calls when the mask is set already
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                raise
            self._before = before

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


class Disturbed(Undisturbed):
    """A wait inside such a block, which they may interrupt."""

    _how = signal.SIG_UNBLOCK


class ChildEnd:
    """The end inside a child process: blocking, safe to send on from several threads, and to receive on from one.

    An alarm of the user's can end the wait for a message, but never cut one in two.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self._socket = sock
        self._lock = threading.Lock()
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._read_from = self._read_to = 0
        self._arrival = select.poll()
        self._arrival.register(sock, select.POLLIN)

    def receive(self) -> tuple[Message, ReceivedBody]:
        """The next message and its body. Raises EOFError when the supervisor is gone."""
        if self._read_from == self._read_to:
            with Disturbed():
                self._arrival.poll()
        with Undisturbed():
            return self._receive()

    def _receive(self) -> tuple[Message, ReceivedBody]:
        try:
            message_size, body_size = HEADER.unpack(self._exactly(HEADER.size))
            message = decode(self._exactly(message_size))
            return message, self._exactly(body_size) if body_size else b""
        except ConnectionError as error:
            raise EOFError from error

    def send(self, message: Message, body: Body = b"") -> None:
        """Send one frame. Raises EOFError when the supervisor is gone."""
        encoded = pack(message)
        head = HEADER.pack(len(encoded), len(body)) + encoded
        try:
            with Undisturbed(), self._lock:
                if len(body) < SMALL:
                    self._socket.sendall(head + body)
                else:
                    self._socket.sendall(head)
                    self._socket.sendall(body)
        except ConnectionError as error:
            raise EOFError from error

    def _exactly(self, size: int) -> bytearray:
        wanted = bytearray(size)
        with memoryview(wanted) as view:
            got = 0
            while got < size:
                got += self._read_into(view[got:])
        return wanted

    def _read_into(self, view: memoryview) -> int:
        """What there is, through the buffer where it is little; at least a byte."""
        if self._read_from == self._read_to:
            if len(view) >= READ_SIZE:
                return self._received(self._socket.recv_into(view))
            self._read_from, self._read_to = 0, self._received(self._socket.recv_into(self._buffer))
        count = min(len(view), self._read_to - self._read_from)
        view[:count] = self._buffer[self._read_from : self._read_from + count]
        self._read_from += count
        return count

    @staticmethod
    def _received(count: int) -> int:
        if not count:
            raise EOFError
        return count


class SupervisorEnd:
    """The end in the supervisor's loop; `on_message` is called for each whole frame.

    A child that sends nonsense, because user code has written to its channel, is hung up on, and `on_nonsense` called.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_message: Callable[[Message, Body], None],
        on_nonsense: Callable[[], None] = lambda: None,
    ) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._on_message = on_message
        self._on_nonsense = on_nonsense
        self._small = b""
        self._body: bytearray | mmap.mmap | None = None
        self._body_message: Message | None = None
        self._body_filled = 0
        self._unsent: deque[memoryview] = deque()
        self._writing = False
        self.closed = False
        self.reading = False
        self.read(True)

    def read(self, wanted: bool) -> None:
        """Take messages as they come, or (False) leave the child to wait until they are wanted again."""
        if wanted and not (self.closed or self.reading):
            self._loop.add_reader(self._socket.fileno(), self._readable)
        elif self.reading and not wanted:
            self._loop.remove_reader(self._socket.fileno())
        self.reading = wanted

    def send(self, message: Message, body: Body = b"") -> None:
        """Send as much as goes at once, the rest when the child reads; nothing once it is closed."""
        if self.closed:
            return
        encoded = pack(message)
        head = HEADER.pack(len(encoded), len(body)) + encoded
        if len(body) < SMALL:
            self._unsent.append(memoryview(head + body))
        else:
            self._unsent += (memoryview(head), memoryview(body))
        if not self._writing:
            self._writable()

    def drain(self) -> None:
        """Take every whole frame that a dead child has left behind, drop a partial one, and close."""
        while self._readable():
            pass
        self.close()

    def close(self) -> None:
        """Let go of the socket; what is unsent is dropped."""
        if self.closed:
            return
        self.read(False)
        self.closed = True
        if self._writing:
            self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        self._unsent.clear()

    def _readable(self) -> bool:
        """Move what there is; whether there may be more."""
        if self.closed:
            return False
        try:
            return self._read_body() if self._body is not None else self._read_small()
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionError:
            self._end_of_input()
            return False
        except Nonsense:
            self.close()
            self._on_nonsense()
            return False

    def _read_small(self) -> bool:
        data = self._socket.recv(READ_SIZE)
        if not data:
            self._end_of_input()
            return False
        self._parse(self._small + data if self._small else data)
        return True

    def _parse(self, data: bytes) -> None:
        at = 0
        self._small = b""
        while len(data) - at >= HEADER.size and not self.closed:
            message_size, body_size = HEADER.unpack_from(data, at)
            if message_size > LARGEST_MESSAGE:
                raise Nonsense
            body_at = at + HEADER.size + message_size
            if len(data) < body_at:
                break
            if len(data) - body_at < body_size:
                if body_size < SMALL:
                    break
                self._begin_body(decode(data[at + HEADER.size : body_at]), body_size, data[body_at:])
                return
            message = decode(data[at + HEADER.size : body_at])
            at = body_at + body_size
            self._on_message(message, data[body_at:at])
        self._small = data[at:]

    def _begin_body(self, message: Message, size: int, so_far: bytes) -> None:
        try:
            self._body = bytearray(size) if size < LARGE else mmap.mmap(-1, size)
        except (OverflowError, OSError) as error:
            raise Nonsense from error
        self._body[: len(so_far)] = so_far
        self._body_message = message
        self._body_filled = len(so_far)

    def _read_body(self) -> bool:
        body, message = self._body, self._body_message
        assert body is not None and message is not None
        budget = BUDGET
        while budget > 0 and self._body_filled < len(body):
            with memoryview(body)[self._body_filled : self._body_filled + budget] as free:
                count = self._socket.recv_into(free)
            if not count:
                self._end_of_input()
                return False
            self._body_filled += count
            budget -= count
        if self._body_filled == len(body):
            self._body = self._body_message = None
            self._on_message(message, body)
        return True

    def _end_of_input(self) -> None:
        """The child's death is taken from its sentinel; until then its end may only be half closed."""
        if not self.closed:
            self.read(False)

    def _writable(self) -> None:
        budget = BUDGET
        try:
            while self._unsent and budget > 0:
                first = self._unsent[0]
                count = self._socket.send(first[:budget])
                budget -= count
                if count == len(first):
                    self._unsent.popleft()
                else:
                    self._unsent[0] = first[count:]
        except (BlockingIOError, InterruptedError):
            pass
        except ConnectionError:
            self._unsent.clear()
        self._want_writing(bool(self._unsent))

    def _want_writing(self, wanted: bool) -> None:
        if wanted and not self._writing:
            self._loop.add_writer(self._socket.fileno(), self._writable)
        elif self._writing and not wanted:
            self._loop.remove_writer(self._socket.fileno())
        self._writing = wanted

"""The socket between a run and its screens: Snapshots down, Commands up.

A frame is its length (4 bytes, big-endian) and a message in MessagePack: `Request` or `Watch` from a screen, `Reply` or
`Update` from the run. A malformed or oversized frame ends its connection and nothing else; nothing is ever unpickled.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec

from pooltop.model import Command, Reply, Request, Snapshot, Update, Watch
from pooltop.wire.packing import pack

MAX_DOWN = 16 << 20
"""Bytes of a message from the run."""
MAX_UP = 64 << 10
"""Bytes of a message from a screen."""

_LENGTH_BYTES = 4
MIN_HZ, MAX_HZ = 0.1, 20.0
"""Snapshots a second that a screen can have."""
_MIN_INTERVAL = 1 / MAX_HZ
_FAREWELL_SECONDS = 0.2
"""How long a run that ends waits for its screens to take the last snapshot."""
_COMMANDS_AT_ONCE = 16
"""Commands of one screen under way; it is not listened to again before one of them has been answered."""

_HUNG_UP = (OSError, EOFError, ValueError, RecursionError)
"""What ends a connection: the other end has gone, or it sent what is no message."""

_up = msgspec.msgpack.Decoder(Request | Watch)
_down = msgspec.msgpack.Decoder(Reply | Update)


class Server:
    """The run's end, in the supervisor's event loop.

    A snapshot is made and packed once for all screens that are due, and only when there are any.
    """

    def __init__(
        self,
        socket: Path,
        snapshot: Callable[[], Snapshot],
        execute: Callable[[Command], Awaitable[tuple[bool, str]]],
    ) -> None:
        self._socket = socket
        self._snapshot = snapshot
        self._execute = execute
        self._screens: set[_Screen] = set()
        self._answers: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    async def start(self) -> None:
        """Listen (socket 0600); OSError where that cannot be."""
        self._listener = await asyncio.start_unix_server(self._serve, self._socket)
        self._socket.chmod(0o600)
        self.ticker = asyncio.create_task(self._tick())

    def push(self) -> None:
        """Something happened that every screen should show at once."""
        for screen in self._screens:
            screen.due = 0.0
        self._wake.set()

    async def close(self) -> None:
        """Give the last snapshot to every screen that takes it in time, and hang up."""
        self._listener.close()
        self.ticker.cancel()
        self._show(self._watching())
        farewells = {asyncio.create_task(screen.taken()) for screen in self._screens}
        if pending := farewells | self._answers:
            await asyncio.wait(pending, timeout=_FAREWELL_SECONDS)
        for task in farewells:
            task.cancel()
        for screen in self._screens:
            screen.hang_up()
        self._socket.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One screen, from its connection to its end."""
        screen = _Screen(writer)
        self._screens.add(screen)
        try:
            while True:
                message = _up.decode(await _read(reader, MAX_UP))
                if isinstance(message, Watch):
                    screen.watch(message.hz)
                    self._wake.set()
                else:
                    await screen.commands.acquire()
                    self._begin(screen, message)
        except _HUNG_UP:
            pass
        finally:
            self._screens.discard(screen)
            screen.hang_up()

    def _begin(self, screen: "_Screen", request: Request) -> None:
        """Execute in a task of its own: a command goes on to its end when who asked for it has gone."""
        answer = asyncio.create_task(self._answer(screen, request))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    async def _answer(self, screen: "_Screen", request: Request) -> None:
        try:
            ok, text = await self._execute(request.command)
            screen.send(_frame(Reply(request.number, ok, text)))
            await screen.taken()
        finally:
            screen.commands.release()

    async def _tick(self) -> None:
        """Snapshots to every screen when it is due, those of one moment together."""
        while True:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min((screen.due for screen in self._watching()), default=None)):
                    await self._wake.wait()
            moment = asyncio.get_running_loop().time() + _MIN_INTERVAL / 2
            due = [screen for screen in self._watching() if screen.due <= moment]
            self._show([screen for screen in due if screen.has_room()])
            for screen in due:
                screen.next_after(moment)
            await asyncio.sleep(_MIN_INTERVAL)  # however much happens

    def _watching(self) -> "list[_Screen]":
        return [screen for screen in self._screens if screen.interval is not None]

    def _show(self, screens: "list[_Screen]") -> None:
        if screens:
            frame = self._update()
            for screen in screens:
                screen.send(frame)

    def _update(self) -> bytes:
        """A fresh snapshot in a frame; without its texts where user code has printed monsters."""
        snapshot = self._snapshot()
        frame = _frame(Update(snapshot))
        if len(frame) <= MAX_DOWN:
            return frame
        return _frame(Update(msgspec.structs.replace(snapshot, log=(), failures=())))


class _Screen:
    """A connected screen as its run sees it: how often it wants snapshots, and whether it takes them."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.interval: float | None = None
        """Seconds between snapshots; None before it has asked for any."""
        self.due = 0.0
        """When it gets the next one, in the loop's time."""
        self.commands = asyncio.Semaphore(_COMMANDS_AT_ONCE)
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=0)  # so that drain() waits for the last byte

    def watch(self, hz: float) -> None:
        """From now on this often, the first one at once."""
        self.interval = 1 / min(MAX_HZ, max(MIN_HZ, hz))
        self.due = 0.0

    def next_after(self, moment: float) -> None:
        """Due times lie on a grid, so that screens of the same rate share their snapshots."""
        assert self.interval is not None
        self.due = (moment // self.interval + 1) * self.interval

    def has_room(self) -> bool:
        """Whether it has taken all it was sent: one that does not read is left out, not waited for."""
        return self._writer.transport.get_write_buffer_size() == 0

    def send(self, frame: bytes) -> None:
        """Hand it over; the transport keeps what the screen has not taken yet."""
        self._writer.write(frame)

    async def taken(self) -> None:
        """Wait until it has taken everything, or is gone."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    def hang_up(self) -> None:
        """End the connection, with whatever has not left yet."""
        self._writer.transport.abort()


class Link:
    """A screen's end of the connection to a run."""

    @classmethod
    async def open(cls, socket: Path) -> "Link":
        """Connect; OSError where no run listens."""
        return cls(*await asyncio.open_unix_connection(socket))

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._newest: Snapshot | None = None
        self._news = asyncio.Event()
        self._over = False
        self._listener = asyncio.create_task(self._listen())

    async def watch(self, hz: float = 2.0) -> None:
        """Ask for snapshots, this many a second (0.1 to 20); ConnectionError where the run has gone."""
        self._send(Watch(hz))

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """The newest snapshot each time, those that came in between left out; ends when the run has gone."""
        while True:
            while self._newest is None:
                if self._over:
                    return
                self._news.clear()
                await self._news.wait()
            snapshot, self._newest = self._newest, None
            yield snapshot

    async def ask(self, command: Command) -> Reply:
        """Have the run carry out `command`; ConnectionError where it has gone or goes away meanwhile."""
        number = next(self._numbers)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            self._send(Request(number, command))
            return await reply
        finally:
            del self._replies[number]

    async def close(self) -> None:
        """Hang up."""
        self._listener.cancel()
        await asyncio.wait([self._listener])

    def _send(self, message: Request | Watch) -> None:
        if self._over:
            raise ConnectionError("the run has gone")
        self._writer.write(_frame(message))

    async def _listen(self) -> None:
        try:
            while True:
                message = _down.decode(await _read(self._reader, MAX_DOWN))
                if isinstance(message, Update):
                    self._newest = message.snapshot
                    self._news.set()
                elif (reply := self._replies.get(message.number)) and not reply.done():
                    reply.set_result(message)
        except _HUNG_UP:
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self._over = True
        self._news.set()
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(ConnectionError("the run has gone"))
        self._writer.transport.abort()


def _frame(message: Request | Watch | Reply | Update) -> bytes:
    body = pack(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def _read(reader: asyncio.StreamReader, limit: int) -> bytes:
    """The body of the next frame; ConnectionError for one over the limit, before any of it is taken."""
    length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
    if length > limit:
        raise ConnectionError(f"a message of {length} bytes")
    return await reader.readexactly(length)

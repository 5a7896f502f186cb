"""The socket between a run and its screens, over real sockets."""

import asyncio
import socket as sockets
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pooltop.model import Command, Kill, LogLine, Pause, Request, Resize, Snapshot, Stop, Watch
from pooltop.wire import link as link_module
from pooltop.wire.link import MAX_DOWN, MAX_UP, Link, Server
from pooltop.wire.packing import pack

pytestmark = pytest.mark.timeout(30)


class FakeRun:
    """What a supervisor gives its server: numbered snapshots, and commands that are carried out."""

    def __init__(self, path: Path) -> None:
        self.server = Server(path, self.snapshot, self.execute)
        self.path = path
        self.made = 0
        self.text = ""
        self.commands: list[Command] = []
        self.may_end = asyncio.Event()

    def snapshot(self) -> Snapshot:
        self.made += 1
        line = LogLine(number=self.made, time=0, kind="out", text=self.text)
        return Snapshot(run="r", workload="w", state="running", time=time.time(), elapsed=self.made, log=(line,))

    async def execute(self, command: Command) -> tuple[bool, str]:
        self.commands.append(command)
        if isinstance(command, Pause):
            await self.may_end.wait()
        return not isinstance(command, Resize), f"did {type(command).__name__}"


@pytest_asyncio.fixture
async def run(tmp_path: Path) -> AsyncIterator[FakeRun]:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    run = FakeRun(tmp_path / "s")
    await run.server.start()
    yield run
    await run.server.close()
    assert not run.path.exists() and complaints == []


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def next_of(snapshots: AsyncIterator[Snapshot]) -> Snapshot:
    async with asyncio.timeout(20):
        return await anext(snapshots)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def frame(message: Request | Watch) -> bytes:
    return framed(pack(message))


async def test_the_socket_is_private(run: FakeRun) -> None:
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o600


async def test_commands_are_answered_while_snapshots_come(run: FakeRun) -> None:
    link = await Link.open(run.path)
    await link.watch(20)
    snapshots = link.snapshots()
    await next_of(snapshots)
    done = await link.ask(Kill(slot=2, signal="KILL"))
    refused = await link.ask(Resize(workers=3))
    assert (done.ok, done.text, refused.ok) == (True, "did Kill", False)
    assert run.commands == [Kill(slot=2, signal="KILL"), Resize(workers=3)]
    await next_of(snapshots)
    await link.close()


async def test_a_long_command_keeps_no_other_waiting(run: FakeRun) -> None:
    link = await Link.open(run.path)
    waiting = asyncio.create_task(link.ask(Pause(wait=True)))
    assert (await link.ask(Kill(slot=1))).ok
    assert not waiting.done()
    run.may_end.set()
    assert (await waiting).ok
    await link.close()


async def test_a_command_ends_though_its_asker_has_gone(run: FakeRun) -> None:
    link = await Link.open(run.path)
    asked = asyncio.create_task(link.ask(Pause(wait=True)))
    await until(lambda: bool(run.commands))
    await link.close()
    with pytest.raises(ConnectionError):
        await asked
    await until(lambda: not run.server._screens)
    assert len(run.server._answers) == 1
    run.may_end.set()
    await until(lambda: not run.server._answers)


async def test_nobody_watches_nothing_is_made(run: FakeRun) -> None:
    link = await Link.open(run.path)
    run.server.push()
    await link.ask(Stop())
    assert run.made == 0
    await link.close()


async def test_one_snapshot_is_made_for_all_screens(run: FakeRun) -> None:
    links = [await Link.open(run.path) for _ in range(5)]
    streams = []
    for link in links:
        await link.watch(0.1)
        streams.append(link.snapshots())
    for stream in streams:
        await next_of(stream)
    made = run.made
    run.server.push()
    seen = {(await next_of(stream)).elapsed for stream in streams}
    assert seen == {made + 1} and run.made == made + 1
    for link in links:
        await link.close()


async def test_screens_of_one_rate_share_their_ticks(run: FakeRun) -> None:
    links = [await Link.open(run.path) for _ in range(4)]
    for link in links:
        await link.watch(10)
        await asyncio.sleep(0.02)  # out of step on purpose
    streams = [link.snapshots() for link in links]
    for stream in streams:
        await next_of(stream)
    before = run.made
    for _ in range(5):
        for stream in streams:
            await next_of(stream)
    assert run.made - before <= 8  # 20 where each had its own
    for link in links:
        await link.close()


async def test_a_push_comes_at_once_and_a_flood_of_them_is_thinned(run: FakeRun) -> None:
    link = await Link.open(run.path)
    await link.watch(0.1)
    snapshots = link.snapshots()
    await next_of(snapshots)
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        run.server.push()
        await asyncio.sleep(0)
    await next_of(snapshots)
    assert run.made <= 13  # at most twenty a second, whatever happens
    await link.close()


@pytest.mark.parametrize("hz", [-1.0, 0.0, 1e9, float("nan"), float("inf")])
async def test_any_rate_is_brought_into_bounds(run: FakeRun, hz: float) -> None:
    link = await Link.open(run.path)
    await link.watch(hz)
    snapshots = link.snapshots()
    await next_of(snapshots)
    run.server.push()
    await next_of(snapshots)
    (screen,) = run.server._watching()
    assert screen.interval is not None and 0.05 <= screen.interval <= 10
    await link.close()


async def test_a_screen_that_does_not_read_costs_the_others_nothing(run: FakeRun) -> None:
    run.text = "x" * (1 << 20)
    _, stuck = await asyncio.open_unix_connection(run.path)
    stuck.write(frame(Watch(20)))
    link = await Link.open(run.path)
    await link.watch(20)
    snapshots = link.snapshots()
    for _ in range(10):
        await next_of(snapshots)
    buffered = sorted(screen._writer.transport.get_write_buffer_size() for screen in run.server._watching())
    assert buffered[-1] < 2 << 20  # one snapshot waits for it, never more
    assert (await link.ask(Kill(slot=1))).ok
    stuck.transport.abort()
    await link.close()


async def test_a_screen_that_only_asks_and_never_reads_is_not_heard_for_ever(run: FakeRun) -> None:
    _, rude = await asyncio.open_unix_connection(run.path)
    for number in range(100):
        rude.write(frame(Request(number, Pause(wait=True))))
    link = await Link.open(run.path)
    assert (await link.ask(Kill(slot=1))).ok
    await until(lambda: len(run.commands) == link_module._COMMANDS_AT_ONCE + 1)
    run.may_end.set()
    await until(lambda: len(run.commands) == 101)
    rude.transport.abort()
    await link.close()


async def test_only_the_newest_snapshot_is_kept_for_a_slow_screen(run: FakeRun) -> None:
    link = await Link.open(run.path)
    await link.watch(20)
    snapshots = link.snapshots()
    await next_of(snapshots)
    await until(lambda: run.made >= 5)
    await until(lambda: link._newest is not None and link._newest.elapsed >= 5)
    assert (await next_of(snapshots)).elapsed >= 5
    await link.close()


async def test_the_last_snapshot_arrives_and_then_it_ends(run: FakeRun) -> None:
    link = await Link.open(run.path)
    await link.watch(0.1)
    snapshots = link.snapshots()
    await next_of(snapshots)
    await run.server.close()
    seen = [snapshot.elapsed async for snapshot in snapshots]
    assert seen == [run.made]
    with pytest.raises(ConnectionError):
        await link.ask(Stop())
    with pytest.raises(ConnectionError):
        await link.watch(2)
    await link.close()


async def test_a_run_that_ends_waits_for_no_screen(run: FakeRun) -> None:
    run.text = "x" * (4 << 20)
    _, stuck = await asyncio.open_unix_connection(run.path)
    stuck.write(frame(Watch(20)))
    link = await Link.open(run.path)
    asked = asyncio.create_task(link.ask(Pause(wait=True)))
    await until(lambda: bool(run.commands) and run.made > 0)
    began = time.monotonic()
    await run.server.close()
    assert time.monotonic() - began < 2
    with pytest.raises(ConnectionError):
        await asked
    stuck.transport.abort()
    await link.close()


async def test_the_answer_to_the_command_that_ends_the_run_arrives(run: FakeRun) -> None:
    link = await Link.open(run.path)
    asked = asyncio.create_task(link.ask(Pause(wait=True)))
    await until(lambda: bool(run.commands))
    run.may_end.set()
    await run.server.close()
    assert (await asked).ok
    await link.close()


async def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        await Link.open(tmp_path / "s")
    with sockets.socket(sockets.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with pytest.raises(ConnectionRefusedError):
        await Link.open(tmp_path / "s")


async def test_a_snapshot_over_the_limit_loses_its_texts(run: FakeRun) -> None:
    run.text = "x" * MAX_DOWN
    link = await Link.open(run.path)
    await link.watch(1)
    assert (await next_of(link.snapshots())).log == ()
    await link.close()


async def refused(path: Path, data: bytes) -> bool:
    """Whether the server hangs up on `data`."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(20):
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass
    writer.transport.abort()
    return True


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        frame(Watch(1))[:-1],
        framed(bytes(MAX_UP + 1)),
        b"\xff\xff\xff\xff",
        framed(b""),
        framed(b"\xc1"),
        framed(b"\x82\xa4type\xa7\xff\xff\xff\xff\xff\xff\xff\xa1a\x01"),  # no UTF-8
        framed(b"\x82\xa4type\xa5watch\xa3abc" + b"\x91" * 50_000),  # too deep
        framed(msgspec.msgpack.encode({"type": "request", "number": 1, "command": {"type": "kill", "slot": "x"}})),
        framed(msgspec.msgpack.encode({"type": "update", "snapshot": {}})),
    ],
)
async def test_what_is_no_message_ends_its_connection_only(run: FakeRun, data: bytes) -> None:
    link = await Link.open(run.path)
    assert await refused(run.path, data)
    assert (await link.ask(Kill(slot=1))).ok
    await until(lambda: len(run.server._screens) == 1)
    await link.close()


PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
TYPES = st.sampled_from(["request", "watch", "reply", "update", "kill", "pause", "resize", "stop", "skip", "restart"])
FIELDS = st.sampled_from(["type", "number", "command", "snapshot", "hz", "slot", "workers", "signal", "ok", "text"])
ALMOST_MESSAGES = st.recursive(
    PLAIN | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner | TYPES, max_size=4),
    max_leaves=8,
).map(msgspec.msgpack.encode)
TOO_DEEP = st.integers(100, 50_000).map(lambda depth: b"\x82\xa4type\xa5watch\xa3abc" + b"\x91" * depth + b"\xc0")
VALID: st.SearchStrategy[Request | Watch] = st.sampled_from(
    [Watch(20), Request(1, Kill(slot=1)), Request(1, Resize(workers=2))]
)
FRAMES = (
    (ALMOST_MESSAGES | TOO_DEEP | st.binary(max_size=40)).map(framed)
    | VALID.map(frame)
    | VALID.map(lambda message: frame(message)[:-1])
    | st.integers(MAX_UP + 1, 2**32 - 1).map(lambda length: length.to_bytes(4, "big") + b"x" * 100)
    | st.binary(max_size=40)
)
"""What may come over a socket: noise, and what is almost a message."""
NOISE = st.lists(FRAMES, max_size=5).map(b"".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noises=st.lists(NOISE, min_size=1, max_size=4))
def test_noise_harms_nobody_else(noises: list[bytes], tmp_path: Path) -> None:
    """However many connections it comes over, a screen that is there goes on seeing the run."""

    async def scenario() -> None:
        complaints: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        run = FakeRun(tmp_path / "s")
        await run.server.start()
        link = await Link.open(run.path)
        await link.watch(0.1)
        snapshots = link.snapshots()
        await next_of(snapshots)
        assert all(await asyncio.gather(*(refused(run.path, noise) for noise in noises)))
        assert (await link.ask(Kill(slot=1))).ok
        run.server.push()
        await next_of(snapshots)
        await link.close()
        await run.server.close()
        assert complaints == []

    asyncio.run(scenario())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=NOISE)
def test_a_run_that_sends_noise_ends_the_link(noise: bytes, tmp_path: Path) -> None:
    async def scenario() -> None:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(noise)
            writer.close()

        server = await asyncio.start_unix_server(serve, tmp_path / "s")
        link = await Link.open(tmp_path / "s")
        assert len([snapshot async for snapshot in link.snapshots()]) <= 1
        with pytest.raises(ConnectionError):
            await link.ask(Stop())
        await link.close()
        server.close()
        await server.wait_closed()

    asyncio.run(scenario())


async def test_a_crowd_of_screens_that_say_nothing_is_borne(run: FakeRun) -> None:
    crowd = [(await asyncio.open_unix_connection(run.path))[1] for _ in range(100)]
    link = await Link.open(run.path)
    assert (await link.ask(Kill(slot=1))).ok
    for writer in crowd:
        writer.transport.abort()
    await until(lambda: len(run.server._screens) == 1)
    await link.close()

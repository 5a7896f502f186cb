"""Frames over a real socket pair: whole or not at all, and nobody is kept waiting."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pooltop.wire.channel import BUDGET, SMALL, Body, ChildEnd, SupervisorEnd
from pooltop.wire.messages import AskItems, End, Items, Message, Printed

pytestmark = pytest.mark.timeout(30)

SIZES = [0, 1, SMALL - 1, SMALL, SMALL + 1, BUDGET - 1, BUDGET + 1, 3 * BUDGET]


class Pair:
    """Both ends of a channel, and what the supervisor's has received."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.received: list[tuple[Message, bytes]] = []
        self.supervisor = SupervisorEnd(ours, self._message)
        self.child = ChildEnd(theirs)
        self._theirs = theirs

    def _message(self, message: Message, body: Body) -> None:
        self.received.append((message, bytes(body)))

    def child_dies(self) -> None:
        self._theirs.shutdown(socket.SHUT_RDWR)

    def cut(self, data: bytes) -> None:
        """The child sends these bytes, and dies."""
        self._theirs.sendall(data)
        self.child_dies()

    async def until_received(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.received) < count:
                await asyncio.sleep(0.001)

    def close(self) -> None:
        self.supervisor.close()
        self._theirs.close()


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@contextmanager
def thread(target: object, *arguments: object) -> Iterator[None]:
    running = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]  # any callable
    running.start()
    yield
    running.join()


def body_of(number: int, size: int) -> bytes:
    return bytes([number % 256]) * size


@pytest.mark.parametrize("size", SIZES)
async def test_a_body_of_any_size_goes_up_and_down(pair: Pair, size: int) -> None:
    body = body_of(7, size)
    with thread(pair.child.send, Items(3), body):
        await pair.until_received(1)
    assert pair.received == [(Items(3), body)]
    pair.supervisor.send(AskItems(5), body)
    message, arrived = await asyncio.to_thread(pair.child.receive)
    assert (message, bytes(arrived)) == (AskItems(5), body)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.sampled_from(SIZES) | st.integers(0, 2 * SMALL), max_size=12))
def test_frames_keep_their_order_and_their_borders(sizes: list[int]) -> None:
    frames = [(Items(number), body_of(number, size)) for number, size in enumerate(sizes)]

    def send(pair: Pair) -> None:
        for message, body in frames:
            pair.child.send(message, body)

    async def exchange() -> list[tuple[Message, bytes]]:
        pair = Pair()
        with thread(send, pair):
            await pair.until_received(len(frames))
        pair.close()
        return pair.received

    assert asyncio.run(exchange()) == frames


async def test_threads_of_a_child_may_send_at_once(pair: Pair) -> None:
    def print_lines(name: str) -> None:
        for number in range(200):
            pair.child.send(Printed(f"{name}{number}", False), body_of(number, number * 300))

    with thread(print_lines, "a"), thread(print_lines, "b"):
        await pair.until_received(400)
    texts = [message.text for message, _ in pair.received if isinstance(message, Printed)]
    assert [text for text in texts if text[0] == "a"] == [f"a{number}" for number in range(200)]
    assert all(body == body_of(int(m.text[1:]), len(body)) for m, body in pair.received if isinstance(m, Printed))


async def test_a_child_that_does_not_read_keeps_nobody_waiting(pair: Pair) -> None:
    other = Pair()
    large = bytes(64 << 20)
    pair.supervisor.send(Items(1), large)
    with thread(other.child.send, Items(2)):
        await other.until_received(1)
    other.close()
    message, body = await asyncio.to_thread(pair.child.receive)
    assert (message, len(body)) == (Items(1), len(large))


async def test_whole_frames_of_a_dead_child_arrive_and_a_partial_one_does_not(pair: Pair) -> None:
    recorded: list[bytes] = []
    ours, theirs = socket.socketpair()
    ChildEnd(theirs).send(Items(9), b"x" * 100)
    frame = ours.recv(1 << 16)
    recorded.append(frame)
    pair.cut(frame + frame + frame[: len(frame) // 2])
    pair.supervisor.drain()
    assert pair.received == [(Items(9), b"x" * 100)] * 2
    assert pair.supervisor.closed
    ours.close()
    theirs.close()


async def test_sending_to_a_dead_child_does_nothing(pair: Pair) -> None:
    pair.child_dies()
    for _ in range(3):
        pair.supervisor.send(Items(1), bytes(1 << 20))
    pair.supervisor.drain()
    pair.supervisor.send(End())


async def test_a_child_whose_supervisor_is_gone_is_told(pair: Pair) -> None:
    pair.supervisor.close()
    with pytest.raises(EOFError):
        pair.child.receive()
    with pytest.raises(EOFError):
        for _ in range(100):
            pair.child.send(Items(1), bytes(SMALL))


async def test_what_messagepack_cannot_hold_arrives_as_what_comes_nearest(pair: Pair) -> None:
    pair.child.send(Printed("\udce4", False, "\ud800"))
    await pair.until_received(1)
    assert pair.received == [(Printed("\\udce4", False, "\\ud800"), b"")]

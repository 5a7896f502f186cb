"""Whatever a child sends, its supervisor takes the messages before it, and at most hangs up on that child."""

import asyncio
import socket
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooltop.wire.channel import HEADER, LARGEST_MESSAGE, SMALL, ChildEnd, SupervisorEnd
from pooltop.wire.messages import Items, Message
from pooltop.wire.packing import pack

pytestmark = pytest.mark.timeout(30)

ITEMS = pack(Items(3))
NONSENSE = {
    "no MessagePack": HEADER.pack(5, 0) + b"\xc1" * 5,
    "no message": HEADER.pack(1, 0) + b"\xc0",
    "of another type": HEADER.pack(5, 0) + msgspec.msgpack.encode({"t": 3}) + b"\xc0",
    "too deep": HEADER.pack(50_001, 0) + b"\x91" * 50_000 + b"\xc0",
    "too large a message": HEADER.pack(LARGEST_MESSAGE + 1, 0),
    "too large a body": HEADER.pack(len(ITEMS), 2**63) + ITEMS,
    "a line of text": b"Traceback (most recent call last):\n",
}
PLAIN = st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.sampled_from(["type", "count"])
ALMOST_MESSAGES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3), max_leaves=6
).map(msgspec.msgpack.encode)


class Heard:
    """What a supervisor has made of all that a child has sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.hung_up = False
        self.complaints: list[Any] = []


def hear(sent: bytes) -> Heard:
    """A child sends this, after a message that is whole; it stays alive."""

    async def exchange() -> Heard:
        heard = Heard()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.complaints.append(context))
        ours, theirs = socket.socketpair()
        supervisor = SupervisorEnd(ours, lambda message, _: heard.messages.append(message))
        child = ChildEnd(theirs)
        child.send(Items(3))
        theirs.sendall(sent)
        for _ in range(3):  # turns of the loop
            await asyncio.sleep(0)
        heard.hung_up = supervisor.closed
        supervisor.drain()
        if heard.hung_up:
            with pytest.raises(EOFError):
                child.receive()
        theirs.close()
        return heard

    return asyncio.run(exchange())


@pytest.mark.parametrize("sent", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_ends_that_child_only(sent: bytes) -> None:
    heard = hear(sent)
    assert heard.messages == [Items(3)]
    assert heard.hung_up
    assert heard.complaints == []


@settings(max_examples=150)
@given(encoded=ALMOST_MESSAGES | st.binary(max_size=60), body=st.integers(0, 2 * SMALL), rest=st.binary(max_size=20))
def test_no_frame_makes_the_supervisor_stumble(encoded: bytes, body: int, rest: bytes) -> None:
    heard = hear(HEADER.pack(len(encoded), body) + encoded + bytes(min(body, 100)) + rest)
    assert heard.messages[0] == Items(3)
    assert heard.complaints == []


@settings(max_examples=150)
@given(noise=st.binary(max_size=80))
def test_no_noise_makes_the_supervisor_stumble(noise: bytes) -> None:
    heard = hear(noise)
    assert heard.messages[0] == Items(3)
    assert heard.complaints == []

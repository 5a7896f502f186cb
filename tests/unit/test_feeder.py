"""A feeder that takes the place of one that died, and what is said to it."""

import pickle
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pooltop.children.feeder import Feeder
from pooltop.children.reading import Everything
from pooltop.rules.actions import Range
from pooltop.run.chunks import Chunks, ToFeeder
from pooltop.wire.channel import ChildEnd
from pooltop.wire.messages import AskItems, End, Items, Message, Release, SendAgain, SourceEnded
from pooltop.work.keys import keys_of


class Line:
    """A feeder's channel, and the other end of it."""

    def __init__(self) -> None:
        ends = socket.socketpair()
        self.feeders, self.supervisors = map(ChildEnd, ends)

    def hear(self, messages: int) -> list[tuple[Message, Any]]:
        return [(message, pickle.loads(body) if body else None) for message, body in self._heard(messages)]

    def _heard(self, messages: int) -> Iterator[tuple[Message, bytes | bytearray]]:
        for _ in range(messages):
            yield self.supervisors.receive()


@pytest.fixture
def line() -> Line:
    return Line()


def come(words: str) -> list[tuple[int, bytes]]:
    """As the journal has it: two rows."""
    return [(0, keys_of(words[:3])), (3, keys_of(words[3:]))]


def test_another_feeder_goes_on_behind_what_has_come(line: Line) -> None:
    feeder = Feeder(line.feeders, Everything(iter("abcdefgh")), next_chunk=7)
    feeder.catch_up(come("abcde"), [(6, 4, 1), (5, 1, 3)])
    for message in (SendAgain(5, 1, 3), AskItems(2), Release(5), AskItems(2), End()):
        line.supervisors.send(message)
    feeder.serve()
    assert line.hear(4) == [
        (Items(2, again=(5, 1)), ["c", "d"]),
        (Items(2, 5, keys_of("fg")), ["f", "g"]),
        (Items(1, 7, keys_of("h"), answered=False), ["h"]),
        (SourceEnded(), None),
    ]
    assert list(feeder._kept) == [7, 8], "a single item is never sent again"


@pytest.mark.parametrize(("now", "where"), [("abXde", 2), ("abcdX", 4), ("abcd", 4), ("", 0)])
def test_another_source_is_noticed(line: Line, now: str, where: int) -> None:
    feeder = Feeder(line.feeders, Everything(iter(now)), next_chunk=1)
    feeder.catch_up(come("abcde"), [])
    line.supervisors.send(AskItems(1))
    line.supervisors.send(End())
    feeder.serve()
    line.feeders.send(End())
    (ended, _), (nothing_else, _) = line.hear(2)
    assert isinstance(ended, SourceEnded) and f"not the same from item {where} on" in ended.error
    assert nothing_else == End()


def test_a_source_that_raises_the_second_time_is_heard_of(line: Line) -> None:
    def breaks() -> Iterator[str]:
        yield "a"
        raise ValueError("gone")

    Feeder(line.feeders, Everything(breaks())).catch_up(come("abcde"), [])
    ((ended, _),) = line.hear(1)
    assert isinstance(ended, SourceEnded) and ended.error == "ValueError: gone"


def test_what_was_not_answered_is_asked_again() -> None:
    said: list[ToFeeder] = []
    chunks = Chunks(said.append)
    for number in (1, 2, 3):
        chunks.ask(number)
    chunks.take_in(Items(2, first=0, answered=False), b"chunk 0")
    chunks.take_in(Items(2, first=5), b"chunk 1")
    assert chunks.have_sent_again(Range(0, 1, 2))
    said.clear()
    chunks.feeder_gone()
    assert (chunks.in_flight(), chunks.next_number) == (((0, 0, 2), (1, 5, 2)), 2)
    chunks.forget(1)
    chunks.ask(4)
    assert not said
    chunks.feeder_back(said.append)
    assert said == [AskItems(2), AskItems(3), SendAgain(0, 1, 2), Release(1), AskItems(4)]
    assert chunks.take_in(Items(1, again=(0, 1)), b"again") == (2, Range(0, 1, 2))
    assert (chunks.first(2), chunks.count(2), chunks.body(2)) == (1, 1, b"again")

"""A child's messages reach whoever waits for them, whichever thread reads."""

import socket
import threading
from collections.abc import Iterator

import pytest

from pooltop.children.mailbox import Mailbox
from pooltop.wire.channel import ChildEnd
from pooltop.wire.messages import Answer, AskItems, End


@pytest.fixture
def ends() -> Iterator[tuple[ChildEnd, Mailbox]]:
    """The supervisor's side (which may block here), and the mailbox."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ChildEnd(ours), Mailbox(ChildEnd(theirs))


def test_answers_do_not_get_in_the_way_of_orders(ends: tuple[ChildEnd, Mailbox]) -> None:
    supervisor, mailbox = ends
    supervisor.send(AskItems(1))
    supervisor.send(Answer(7), b"seven")
    supervisor.send(End())
    assert mailbox.answer(7) == (Answer(7), b"seven")
    assert [mailbox.order()[0] for _ in range(2)] == [AskItems(1), End()]


def test_an_answer_that_nobody_wants_any_more_is_dropped(ends: tuple[ChildEnd, Mailbox]) -> None:
    supervisor, mailbox = ends
    mailbox.discard(1)
    supervisor.send(Answer(1))
    supervisor.send(Answer(2))
    mailbox.answer(2)
    mailbox.discard(2)
    assert mailbox._answers == {}, "nothing is kept of it"


def test_several_threads_each_get_their_own(ends: tuple[ChildEnd, Mailbox]) -> None:
    supervisor, mailbox = ends
    got: dict[int, bytes] = {}
    threads = [threading.Thread(target=lambda n=n: got.update({n: bytes(mailbox.answer(n)[1])})) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for number in (3, 1, 8, 2, 7, 6, 5, 4):
        supervisor.send(Answer(number), b"%d" % number)
    for thread in threads:
        thread.join(20)
    assert got == {number: b"%d" % number for number in range(1, 9)}


def test_the_end_of_the_supervisor_ends_every_wait() -> None:
    ours, theirs = socket.socketpair()
    mailbox = Mailbox(ChildEnd(theirs))
    ended: list[bool] = []

    def wait() -> None:
        with pytest.raises(EOFError):
            mailbox.answer(1)
        ended.append(True)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    ours.close()
    for thread in threads:
        thread.join(20)
    assert len(ended) == 3
    theirs.close()

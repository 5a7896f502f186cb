"""A slot of shared memory: what a worker writes there is what the supervisor reads."""

import multiprocessing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.wire.slots import CAPACITY, COUNTERS, LABEL_BYTES, Phase, Slot, make_slots

MEMORY = make_slots(multiprocessing.get_context("spawn"))


@pytest.fixture
def slot() -> Slot:
    slot = Slot(MEMORY, 3)
    slot.clear()
    return slot


def test_a_new_process_has_nothing_in_hand(slot: Slot) -> None:
    assert slot.begun() is None
    assert (slot.phase, slot.done, slot.label, slot.progress, slot.recalled) == (Phase.STARTING, 0, "", None, 0)


def test_what_is_in_hand_follows_the_work(slot: Slot) -> None:
    slot.begin_range(5, 10, 20, 1000, 70)
    assert slot.since == 70
    assert slot.begun() == (5, 10, 20, "unpickling")
    slot.begin_block(12, 14, 77, "photo.jpg")
    assert slot.begun() == (5, 12, 14, "running")
    assert (slot.label, slot.item_index, slot.since) == ("photo.jpg", 1012, 77)
    slot.begin_sending(10, 14, 99)
    assert slot.since == 99
    assert slot.begun() == (5, 10, 14, "sending")
    slot.count_done(4)
    slot.enter(Phase.WAITING)
    assert (slot.begun(), slot.done) == (None, 4)


def test_progress_is_of_the_present_item(slot: Slot) -> None:
    slot.track(1, 4)
    assert slot.progress == 0.25
    slot.track(9, 4)
    assert slot.progress == 1
    slot.begin_block(0, 1, 0, "next")
    assert slot.progress is None


def test_slots_do_not_touch_each_other(slot: Slot) -> None:
    neighbours = [Slot(MEMORY, 2), Slot(MEMORY, 4)]
    for neighbour in neighbours:
        neighbour.clear()
    slot.begin_range(2**63, 2**40, 2**40 + 1, 2**41, 0)
    slot.begin_block(1, 2, 2**63, "x" * 1000)
    slot.recall(7)
    for word in range(COUNTERS):
        slot.show_counter(word, -1.5)
    for neighbour in neighbours:
        assert (neighbour.begun(), neighbour.label, neighbour.recalled) == (None, "", 0)
        assert not any(neighbour.counter(word) for word in range(COUNTERS))


def test_the_last_slot_is_there() -> None:
    last = Slot(MEMORY, CAPACITY - 1)
    last.show_counter(COUNTERS - 1, 2.5)
    assert last.counter(COUNTERS - 1) == 2.5
    last.clear_counters()
    assert last.counter(COUNTERS - 1) == 0


@given(st.text())
def test_a_label_arrives_as_far_as_there_is_room(text: str) -> None:
    slot = Slot(MEMORY, 3)
    slot.begin_block(0, 1, 0, text)
    whole = text.encode("utf-8", "replace")
    assert slot.label == whole[:LABEL_BYTES].decode("utf-8", "ignore")

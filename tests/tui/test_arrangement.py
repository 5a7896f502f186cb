"""The panels fill the screen, whatever its size."""

from itertools import product

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Snapshot
from tests.tui.anything import snapshots
from tests.tui.fake import finished, running, worker
from tui.view.arrangement import Box, arrange


@given(
    snapshot=snapshots,
    crew=st.integers(0, 300),
    width=st.integers(1, 250),
    height=st.integers(1, 80),
)
def test_the_panels_tile_the_body(snapshot: Snapshot, crew: int, width: int, height: int) -> None:
    many = msgspec.structs.replace(snapshot, workers=tuple(worker(slot) for slot in range(1, crew + 1)))
    boxes = arrange(many, width, height).boxes
    taken = [cell for box in boxes.values() for cell in product(range(box.x, box.x + box.width), _lines_of(box))]
    assert sorted(taken) == list(product(range(width), range(height)))


def _lines_of(box: Box) -> range:
    return range(box.y, box.y + box.height)


def test_what_matters_most_is_kept_longest() -> None:
    assert set(arrange(running(), 140, 36).boxes) == {"cores", "speedup", "workers", "counters", "log"}
    assert set(arrange(running(), 40, 8).boxes) >= {"workers", "speedup"}
    assert set(arrange(running(), 40, 3).boxes) == {"workers"}
    assert set(arrange(finished(), 40, 3).boxes) == {"result"}


def test_frames_are_for_those_who_have_room() -> None:
    assert arrange(running(), 80, 20).framed
    assert not arrange(running(), 79, 20).framed
    assert not arrange(running(), 80, 19).framed

"""How much is sent at once: little as long as nothing is known, then what lasts two slices and fits into memory."""

from hypothesis import given
from hypothesis import strategies as st

from pooltop.rules.pace import CHUNK_BYTES, CHUNK_SECONDS, GROWTH, PREFETCH_BELOW, Pace


def test_the_first_chunks_hold_one_item() -> None:
    assert (Pace().next_chunk(), Pace().prefetch) == (1, 0)


def test_chunks_grow_at_most_sixteenfold() -> None:
    pace = Pace()
    sizes = []
    for _ in range(4):
        size = pace.next_chunk()
        sizes.append(size)
        pace.saw_chunk(size, 10 * size)
        pace.saw_work(size, 1e-7 * size)
    assert sizes == [1, GROWTH, GROWTH**2, GROWTH**3]


def test_dear_items_travel_alone_and_are_not_sent_ahead() -> None:
    pace = Pace()
    pace.saw_chunk(1, 10)
    pace.saw_work(1, 2 * PREFETCH_BELOW)
    assert (pace.next_chunk(), pace.prefetch) == (1, 0)
    pace.saw_work(1, 0)
    pace.saw_work(1, 0)
    assert pace.prefetch == 1


def test_a_fixed_chunksize_stays() -> None:
    pace = Pace(7)
    pace.saw_chunk(7, 10**9)
    pace.saw_work(7, 100.0)
    assert pace.next_chunk() == 7


@given(st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 10**9), st.floats(0, 1000)), min_size=1, max_size=20))
def test_a_chunk_lasts_two_slices_and_fits_into_memory(seen: list[tuple[int, int, float]]) -> None:
    pace = Pace()
    for count, size, seconds in seen:
        pace.saw_chunk(count, size)
        pace.saw_work(count, seconds)
    chunk = pace.next_chunk()
    assert chunk >= 1
    assert pace.seconds_per_item is not None
    if chunk > 1:
        assert chunk * pace.seconds_per_item <= 1.01 * CHUNK_SECONDS
        last_count, last_size, _ = seen[-1]
        assert chunk * last_size / last_count <= 2.01 * CHUNK_BYTES

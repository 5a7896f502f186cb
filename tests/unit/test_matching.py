"""Items recognised from one session to the next: each once, by content, or by position where they have none."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pooltop.rules.matching import End, Matching, Old, known

NO_KEY = bytes(16)
KEYS = st.sampled_from([NO_KEY, *(bytes([letter]) * 16 for letter in b"abc")])
INPUTS = st.lists(KEYS, max_size=12)


def olds(keys: list[bytes], session: int = 1, ended: set[int] | None = None, first: int = 0) -> list[Old]:
    """The items of a session; all have ended, or those at these positions."""
    return [
        Old(key, position, End(session, position, False) if ended is None or position in ended else None)
        for position, key in enumerate(keys, first)
    ]


def matched(old: list[Old], keys: list[bytes]) -> tuple[list[Old | None], list[Old]]:
    matching = Matching(old)
    return [matching.find(position, key) for position, key in enumerate(keys)], list(matching.rest())


def by_number(keys: list[bytes]) -> dict[tuple[bytes, int], int]:
    """Position of each item by its key and its occurrence; by its position where it has no key."""
    seen: Counter[bytes] = Counter()
    places = {}
    for position, key in enumerate(keys):
        places[key, position if key == NO_KEY else seen[key]] = position
        seen[key] += 1
    return places


@given(before=INPUTS, now=INPUTS)
def test_the_nth_of_a_key_is_the_nth_that_was(before: list[bytes], now: list[bytes]) -> None:
    found, rest = matched(olds(before), now)
    there = by_number(before)
    expected = {position: there.get(identity) for identity, position in by_number(now).items()}
    assert {position: old and old.position for position, old in enumerate(found)} == expected
    used = [old.position for old in found if old]
    assert sorted(used + [old.position for old in rest]) == list(range(len(before))), "each once"


@given(keys=INPUTS, come=st.integers(0, 12))
def test_an_unchanged_source_is_itself(keys: list[bytes], come: int) -> None:
    before = olds(keys[:come])
    found, rest = matched(before, keys)
    assert found == [*before, *[None] * (len(keys) - len(before))] and not rest


def test_without_a_key_the_position_must_be_the_same() -> None:
    old = olds([NO_KEY, NO_KEY], first=1)
    assert matched(old, [NO_KEY, NO_KEY]) == ([None, old[0]], [old[1]])


def test_an_unchanged_source_is_not_read_ahead() -> None:
    pulled = []

    def watched() -> list[Old]:
        return (pulled.append(old) or old for old in olds([b"a" * 16, b"b" * 16, NO_KEY, b"c" * 16]))  # type: ignore[func-returns-value, return-value]  # a generator that notes what is taken

    matching = Matching(watched())
    matching.find(0, b"a" * 16)
    matching.find(1, b"b" * 16)
    matching.find(2, NO_KEY)
    assert len(pulled) == 4, "the one that is expected next"


@given(first=INPUTS, second=INPUTS, third=INPUTS, data=st.data())
def test_sessions_add_up(first: list[bytes], second: list[bytes], third: list[bytes], data: st.DataObject) -> None:
    """Whatever has ended in some session is there for the next, once, as what it was last."""
    ended = [set(data.draw(st.lists(st.integers(0, 12)))) for _ in range(2)]
    sessions = [olds(first, 1, ended[0]), olds(second, 2, ended[1])]
    items = list(known(sessions))
    ends = [old.end for old in items if old.end]
    assert len(ends) == len(set(ends))
    assert {end for end in ends if end.session == 2} == {old.end for old in sessions[1] if old.end}
    superseded = {old.end for old, new in zip(*_pairs(*sessions), strict=True) if new.end}
    assert {end for end in ends if end.session == 1} == {old.end for old in sessions[0] if old.end} - superseded
    found, rest = matched(items, third)
    for position, old in enumerate(found):
        assert old is None or old.key == third[position]
        assert old is None or old.key != NO_KEY or old.position == position
    assert len([old for old in found if old]) + len(rest) == len(items)


def _pairs(before: list[Old], now: list[Old]) -> tuple[list[Old], list[Old]]:
    found, _ = matched(before, [old.key for old in now])
    both = [(old, new) for old, new in zip(found, now, strict=True) if old]
    return [old for old, _ in both], [new for _, new in both]


def test_what_a_session_did_not_come_to_is_still_known() -> None:
    keys = [bytes([letter]) * 16 for letter in b"abcd"]
    items = list(known([olds(keys), olds(keys[:1], 2, set())]))
    assert [(old.key[:1], old.end and old.end.session) for old in items] == [(b"a", 1), (b"b", 1), (b"c", 1), (b"d", 1)]

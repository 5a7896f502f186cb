"""What items are recognised by: equal content has one key, whatever its process and however it is held together."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.work.keys import KEY_SIZE, NO_KEY, key_of, keys_of, split

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.frozensets(st.integers() | st.text(max_size=2), max_size=3)
    ),
    max_leaves=10,
)


@dataclasses.dataclass
class Job:
    name: str
    tags: Any = ()


class Place(NamedTuple):
    row: int
    column: int


class Restless:
    """Is pickled differently each time."""

    count = 0

    def __reduce__(self) -> Any:
        Restless.count += 1
        return int, (Restless.count,)


class Leaves:
    def __reduce__(self) -> Any:
        raise SystemExit(3)


def copied(value: Any) -> Any:
    """The same content, in which no two parts are one object, and sets were filled the other way round."""
    match value:
        case list() | tuple():
            return type(value)(map(copied, value))
        case dict():
            return {copied(key): copied(item) for key, item in value.items()}
        case frozenset():
            return frozenset(copied(item) for item in reversed(list(value)))
        case str():
            return "".join(list(value))
        case bytes():
            return bytes(bytearray(value))
        case _:
            return value


@given(item=PLAIN)
def test_content_alone_counts(item: Any) -> None:
    key = key_of([item, item])
    assert key == key_of([copied(item), copied(item)]) and key != NO_KEY
    assert key_of(item) == key_of(copied(item)) != NO_KEY


@given(items=st.lists(PLAIN, min_size=2, max_size=6, unique_by=lambda item: (type(item), repr(item))))
def test_what_is_different_is_different(items: list[Any]) -> None:
    assert len(set(split(keys_of(items)))) == len(items)


@given(items=st.lists(st.integers(-(1 << 65), 1 << 65)) | st.lists(PLAIN))
def test_keys_are_those_of_the_items(items: list[Any]) -> None:
    keys = keys_of(items)
    assert list(split(keys)) == [key_of(item) for item in items] and len(keys) == KEY_SIZE * len(items)


def test_equal_is_not_the_same() -> None:
    alike = [1, 1.0, True, "1", b"1", (1,), [1], {1}, frozenset({1}), -0.0, 0.0, 0, None, 1 << 64, float(1 << 64)]
    assert len({key_of(item) for item in alike}) == len(alike)


def test_objects_have_keys() -> None:
    jobs = [Job("a"), Job("b"), Job("a", ("x",)), Job("a", {"x", "y"})]
    items = [*jobs, Place(1, 2), Place(2, 1), Path("a"), Job, print]
    keys = [key_of(item) for item in items]
    assert NO_KEY not in keys and len(set(keys)) == len(items)
    assert key_of(Job("a", {"y", "x"})) == keys[3]


@pytest.mark.parametrize(
    "item", [lambda: 0, Restless(), Leaves(), [Restless()], {Restless()}, object.__new__(type("X", (), {}))]
)
def test_what_is_not_stable_has_none(item: Any) -> None:
    assert key_of(item) == NO_KEY


def test_the_order_inside_a_set_is_not_its_content() -> None:
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other)
    assert key_of([one, frozenset(one)]) == key_of([other, frozenset(other)]) != NO_KEY
    assert key_of({0, 8}) != key_of({0, 9})


def test_what_holds_itself_has_a_key() -> None:
    ring: list[Any] = []
    ring.append(ring)
    longer: list[Any] = [ring]
    job = Job("a")
    job.tags = job
    assert len({NO_KEY, key_of(ring), key_of(longer), key_of(job)}) == 4


def test_repetitions_without_end_are_no_obstacle() -> None:
    tree: Any = ["leaf"]
    for _ in range(64):
        tree = [tree, tree]
    assert key_of(tree) != NO_KEY


def test_large_items_are_told_apart_by_their_end() -> None:
    large = bytes(3 << 20)
    assert (
        len({key_of(large), key_of(large + b"x"), key_of([large]), key_of([large + b"x"]), key_of([large[1:] + b"x"])})
        == 5
    )


def test_another_process_finds_the_same_keys() -> None:
    """None, types and functions are hashed by where they are in memory, which differs."""
    program = """
from pooltop.work.keys import keys_of
from pathlib import Path
print(keys_of([5, "x", (1, "x"), {None, "a", "b", int, print, len}, Path("p"), [{"k": {1.5, None, str}}]]).hex())
"""

    def run() -> str:
        return subprocess.check_output(
            [sys.executable, "-c", program], text=True, env=os.environ | {"PYTHONHASHSEED": "7"}
        )

    found = {run() for _ in range(4)}
    assert len(found) == 1 and NO_KEY.hex() not in found.pop()

"""What an item is called: short, one line's worth, and never an error."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.children.label import LIMIT, label


class Hostile:
    """Raises wherever it is touched."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError  # where `shape` is asked for


class Array:
    """Shaped like numpy's, and dear to look at."""

    shape = (3, 4)

    def __repr__(self) -> str:
        raise AssertionError("it is not to be printed")


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (7, "7"),
        ("photo.jpg", "photo.jpg"),
        (Path("a/b.jpg"), "a/b.jpg"),
        (b"abc", "b'abc'"),
        (bytes(16_000_000), "<bytes, 16,000,000 bytes>"),
        (bytearray(1000), "<bytearray, 1,000 bytes>"),
        (Array(), "<Array 3x4>"),
        ((1, "a"), "(1, 'a')"),
        (None, "None"),
    ],
)
def test_an_item_is_named(item: object, name: str) -> None:
    assert label(item) == name


def test_an_item_whose_own_code_raises_is_named_by_its_type() -> None:
    assert label(Hostile()) == "<Hostile>"


def test_both_ends_of_a_long_path_are_kept() -> None:
    name = label("/start/" + "x" * 1000 + "/end.jpg")
    assert name.startswith("/start/") and name.endswith("/end.jpg") and len(name) <= LIMIT


@given(st.recursive(st.integers() | st.text() | st.binary() | st.floats(), lambda inner: st.lists(inner)))
def test_no_label_is_longer_than_the_limit(item: object) -> None:
    assert len(label(item)) <= LIMIT


def test_a_large_item_is_named_as_fast_as_a_small_one() -> None:
    def seconds(item: object) -> float:
        began = time.perf_counter()
        for _ in range(100):
            label(item)
        return time.perf_counter() - began

    small = seconds(list(range(20)))
    assert seconds(list(range(1_000_000))) < 20 * small
    assert seconds(bytes(100_000_000)) < 20 * small

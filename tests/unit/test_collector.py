"""Return values as JSON lines."""

import json

import pytest

from pooltop.children.collector import as_json, plain


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no name")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (float("nan"), "nan"),
        (b"x", "b'x'"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("\ud800", "\ud800"),
        (Mute(), "<Mute without a repr: RuntimeError: no name>"),
    ],
)
def test_what_json_cannot_hold_is_its_repr(value: object, expected: object) -> None:
    assert json.loads(as_json(value)) == expected


def test_an_integer_too_long_to_write_is_no_obstacle() -> None:
    assert "without a repr" in json.loads(as_json(10**5000))


def test_what_holds_itself_is_its_repr() -> None:
    ring: list[object] = []
    ring.append(ring)
    assert json.loads(as_json(ring)) == "[[...]]"


def test_digits_beyond_64_bits_are_kept_as_text() -> None:
    assert plain({"small": 2**64 - 1, "large": 2**64, "below": -(2**63) - 1}) == {
        "small": 2**64 - 1,
        "large": str(2**64),
        "below": str(-(2**63) - 1),
    }

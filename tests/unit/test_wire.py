"""What user code put into a snapshot reaches the screens, whatever it is."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.model import Check, Failure, Snapshot
from pooltop.printable import printable
from pooltop.wire.packing import as_json, pack, utf8

ANYTHING = st.lists(st.sampled_from("\x1b\udc80\ud800") | st.characters()).map("".join)
"""Lone surrogates too: bytes of a file name that are no UTF-8."""


def snapshot(**fields: object) -> Snapshot:
    whole = {"run": "r", "workload": "w", "state": "running", "time": 1.0} | fields
    return Snapshot(**whole)  # type: ignore[arg-type]  # made-up fields are the point here


def there_and_back(before: Snapshot) -> Snapshot:
    return msgspec.msgpack.decode(pack(before), type=Snapshot)


@given(st.dictionaries(ANYTHING, st.one_of(st.integers(), st.floats(allow_nan=False))))
def test_any_counter_arrives_as_near_as_can_be(counters: dict[str, float]) -> None:
    arrived = there_and_back(snapshot(counters=counters)).counters
    assert arrived == pytest.approx({utf8(name): value for name, value in counters.items()})


def test_a_check_of_any_type_arrives() -> None:
    check = there_and_back(snapshot(check=Check({1, 2}, 10**400, False))).check
    assert check is not None and check.expected in ("{1, 2}", [1, 2]) and check.actual == repr(10**400)


def test_a_label_that_is_no_utf8_arrives_as_escapes() -> None:
    arrived = there_and_back(snapshot(failures=(Failure(index=0, item="caf\udce9.jpg", error="x"),)))
    assert arrived.failures[0].item == "caf\\udce9.jpg"


def test_json_is_the_same_and_steers_no_terminal() -> None:
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11000)]))
    text = as_json({everything: everything}).decode()
    assert json.loads(text) == {everything: everything}
    assert text == printable(text) and text.count("\\u202e") == 2 and "é日\u200b" in as_json("é日\u200b").decode()


@given(ANYTHING)
def test_utf8_only_touches_what_cannot_be_encoded(text: str) -> None:
    utf8(text).encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert utf8(text) == text

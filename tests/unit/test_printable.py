"""Text for the terminal: nothing in it can steer the terminal, and it is cut by what it covers."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pooltop.printable import cut, printable, width

TEXT = st.lists(st.sampled_from("\x1b\x9b\u202e\udc80\ud800") | st.characters(), max_size=60).map("".join)


@given(TEXT)
def test_nothing_is_left_that_steers_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()  # no lone surrogates either


@given(TEXT)
def test_shown_again_it_stays_the_same(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_what_was_there_can_still_be_told() -> None:
    assert printable("a\x1b[2Jb\r\n\tc\udc80 é日") == "a\\x1b[2Jb\\r\\n    c\\udc80 é日"


@given(TEXT, st.integers(0, 70))
def test_cut_text_fits_and_says_that_it_is_cut(text: str, cells: int) -> None:
    shown = printable(text)
    short = cut(shown, cells)
    assert width(short) <= cells
    assert short == shown or (short == "" and cells == 0) or (short.endswith("…") and shown.startswith(short[:-1]))


def test_wide_characters_count_two_cells() -> None:
    assert width("日本") == 4
    assert cut("日本語", 4) == "日…"
    assert width("e\u0301") == 1

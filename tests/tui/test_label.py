"""A name too long for its place: of a path the end is kept, of anything else the beginning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.anything import texts
from tui.view.label import shortened
from tui.view.words import printable

PICTURE = "/home/you/holiday/pictures/picture-26.jpg"
names = texts.map(printable)
paths = st.lists(names, min_size=2).map("/".join)


@given(names | paths | paths.map("/".__add__), st.integers(-1, 60))
def test_it_is_never_wider_than_asked_and_whole_where_it_fits(name: str, width: int) -> None:
    short = shortened(name, width)
    assert cell_len(short) <= max(width, 0)
    assert short == name or cell_len(name) > width


@given(paths.map("/".__add__), st.integers(0, 60))
def test_a_path_keeps_its_end(path: str, width: int) -> None:
    assert path.endswith(shortened(path, width).removeprefix("…"))


@given(paths.map("/".__add__), st.integers(0, 60))
def test_a_file_that_fits_is_shown_whole(path: str, width: int) -> None:
    file = path.rpartition("/")[2]
    if cell_len(file) < width:
        assert shortened(path, width).endswith(file)


@given(names.filter(lambda name: "/" not in name), st.integers(0, 60))
def test_what_is_no_path_keeps_its_beginning(name: str, width: int) -> None:
    assert name.startswith(shortened(name, width).removesuffix("…").rstrip())


@pytest.mark.parametrize(
    ("name", "width", "short"),
    [
        (PICTURE, len(PICTURE), PICTURE),
        (PICTURE, 30, "…/pictures/picture-26.jpg"),
        (PICTURE, 25, "…/pictures/picture-26.jpg"),
        (PICTURE, 24, "…/picture-26.jpg"),
        (PICTURE, 15, "…picture-26.jpg"),
        (PICTURE, 9, "…e-26.jpg"),
        (PICTURE, 1, "…"),
        (PICTURE, 0, ""),
        ("pictures/of/2024/写真.jpg", 10, "…/写真.jpg"),
        ("pictures/of/2024/写真.jpg", 8, "…真.jpg"),
        ("https://example.org/pictures/1.jpg", 16, "…/pictures/1.jpg"),
        ("/home/you/holiday/", 12, "…/holiday/"),
        ("a long name without folders", 6, "a lon…"),
        ("a long sentence that is either/or", 6, "a lon…"),
        ("('/home/you/picture.jpg', 3)", 16, "('/home/you/pic…"),
    ],
)
def test_what_is_left_tells_it_from_the_others(name: str, width: int, short: str) -> None:
    assert shortened(name, width) == short

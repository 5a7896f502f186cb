"""Words on the command line become the values that a function's annotations ask for."""

import enum
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooltop.errors import WorkloadError
from pooltop.work.convert import converter
from pooltop.work.options import values_given
from pooltop.work.signature import ABSENT, signature_of

if TYPE_CHECKING:
    from decimal import Decimal as NotThere


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


def values(function: Callable[..., Any], *words: str) -> dict[str, Any]:
    return values_given(words, signature_of(function, "work").options, "work")


def complaint(function: Callable[..., Any], *words: str) -> str:
    with pytest.raises(WorkloadError) as caught:
        values(function, *words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def work(  # type: ignore[no-untyped-def]  # where there is no annotation, the default's type counts
    item: str,
    radius: float = 8.0,
    times: int = 1,
    lock: bool = True,
    out: Path = Path("x"),
    mode: Literal["fast", "slow", 3] = "fast",
    colour: Colour = Colour.RED,
    sizes: list[int] | None = None,
    corner: tuple[int, float] = (0, 0.0),
    names: frozenset[str] = frozenset(),
    limit: int | None = 5,
    workers_wanted: Annotated[int, msgspec.Meta(ge=1, lt=9)] = 1,
    colours: Sequence[Colour] = (),
    either: str | Path = "x",
    *,
    bare=2.5,
    bare_list=(1, 2),
    unknown=None,
) -> None: ...


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["--radius", "3"], {"radius": 3.0}),
        (["--radius=-3.5"], {"radius": -3.5}),
        (["--times", "-3"], {"times": -3}),
        (["--times", "1", "--times", "2"], {"times": 2}),
        (["--lock"], {"lock": True}),
        (["--no-lock"], {"lock": False}),
        (["--lock=false"], {"lock": False}),
        (["--lock", "--times", "2"], {"lock": True, "times": 2}),
        (["--out", "a/b"], {"out": Path("a/b")}),
        (["--out="], {"out": Path()}),
        (["--mode", "slow"], {"mode": "slow"}),
        (["--mode", "3"], {"mode": 3}),
        (["--colour", "BLUE"], {"colour": Colour.BLUE}),
        (["--colour", "b"], {"colour": Colour.BLUE}),
        (["--colour", "1"], {"colour": Colour.RED}),
        (["--sizes", "1", "--sizes=2"], {"sizes": [1, 2]}),
        (["--sizes", "1,2,3"], {"sizes": [1, 2, 3]}),
        (["--sizes", ""], {"sizes": []}),
        (["--corner", "1,2.5"], {"corner": (1, 2.5)}),
        (["--names", "a,b", "--names", "c"], {"names": frozenset({"a,b", "c"})}),
        (["--limit", "none"], {"limit": None}),
        (["--limit", "7"], {"limit": 7}),
        (["--workers-wanted", "8"], {"workers_wanted": 8}),
        (["--workers_wanted", "8"], {"workers_wanted": 8}),
        (["--colours", "RED,b"], {"colours": [Colour.RED, Colour.BLUE]}),
        (["--either", "a"], {"either": "a"}),
        (["--bare", "1"], {"bare": 1.0}),
        (["--bare-list", "3,4,5"], {"bare_list": (3, 4, 5)}),
        (["--unknown", "text=1"], {"unknown": "text=1"}),
    ],
)
def test_words_become_values_of_the_annotation(words: list[str], expected: dict[str, Any]) -> None:
    got = values(work, *words)
    assert got == expected
    assert {name: type(value) for name, value in got.items()} == {name: type(value) for name, value in expected.items()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--radius", "abc"], "--radius: 'abc' is not a float"),
        (["--times", "2.5"], "--times: '2.5' is not an int"),
        (["--radius"], "--radius needs a value (a float)"),
        (["--radius", "--lock"], "--radius needs a value (a float)"),
        (["--no-lock=true"], "--no-lock takes no value"),
        (["--lock=maybe"], "--lock: 'maybe' is not a bool"),
        (["--mode", "x"], "--mode: 'x' is not one of 'fast', 'slow', 3"),
        (["--colour", "GREEN"], "--colour: 'GREEN' is not one of RED, BLUE"),
        (["--sizes", "1,x"], "--sizes: 'x' is not an int"),
        (["--corner", "1"], "--corner: 2 values are wanted, not 1"),
        (["--workers-wanted", "0"], "--workers-wanted: '0' is not an int >= 1 and < 9"),
        (["--radios", "1"], "work has no option --radios; did you mean --radius?"),
        (["--no-radius"], "work has no option --no-radius; did you mean --radius?"),
        (["--lock", "maybe"], "'maybe' belongs to no option of work; it has --radius, --times, --lock"),
        (["-r", "1"], "work has no option -r; it has --radius, --times"),
        (["--rad", "1"], "work has no option --rad"),
    ],
)
def test_words_that_do_not_fit_are_one_line(words: list[str], expected: str) -> None:
    assert complaint(work, *words).startswith(expected)


def test_a_required_option_must_be_given() -> None:
    def needs(item: str, size: int) -> None: ...

    assert complaint(needs) == "work needs --size (an int)"
    assert values(needs, "--size", "3") == {"size": 3}


def test_a_function_without_options_says_so() -> None:
    assert complaint(lambda item: item, "--radius", "3") == "work has no option --radius; it has none"


def test_a_class_of_the_users_own_cannot_be_typed() -> None:
    class Model: ...

    def predict(item: str, model: Model | None = None) -> None: ...

    assert complaint(predict, "--model", "x") == "--model: a Model cannot be given on the command line"


def test_annotations_as_strings_are_looked_up_one_by_one() -> None:
    def shape(
        item: "NotThere",
        radius: "float" = 1,
        when: "NotThere" = 0,  # type: ignore[assignment]  # it will not be looked up
        size: "int | None" = None,
    ) -> None: ...

    signature = signature_of(shape, "shape")
    assert signature.item is ABSENT
    assert values(shape, "--radius", "2", "--when", "3", "--size", "4") == {"radius": 2.0, "when": 3, "size": 4}


def test_functions_written_in_c_take_no_options() -> None:
    assert signature_of(max, "max").options == ()


def test_a_function_must_take_an_item() -> None:
    with pytest.raises(WorkloadError, match=r"^nothing takes no item"):
        signature_of(lambda: None, "nothing")

    def only_keywords(*, size: int = 3) -> None: ...

    with pytest.raises(WorkloadError, match="takes no item"):
        signature_of(only_keywords, "only_keywords")


def test_positional_only_parameters() -> None:
    def optional(item: int, size: int = 3, /) -> None: ...
    def required(item: int, size: int, /) -> None: ...

    assert signature_of(optional, "optional").options == ()
    with pytest.raises(WorkloadError, match="'size' is positional-only"):
        signature_of(required, "required")


@given(st.integers())
def test_every_int_survives_being_typed(number: int) -> None:
    assert values(work, "--times", str(number)) == {"times": number}


@given(st.lists(st.text(), min_size=2))
def test_repeated_texts_arrive_as_they_were_typed(texts: list[str]) -> None:
    def named(item: str, names: tuple[str, ...] = ()) -> None: ...

    assert values(named, *(f"--names={text}" for text in texts)) == {"names": tuple(texts)}


@given(st.floats(allow_nan=False))
def test_converting_what_is_right_already_changes_nothing(number: float) -> None:
    convert = converter(float)
    assert convert is not None and convert(number) == number == convert(repr(number))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--keep", "false"], False),
        (["--keep", "1"], True),
        (["--keep=off"], False),
        (["--keep"], True),
        (["--no-keep"], False),
    ],
)
def test_a_switch_takes_a_value_too(words: list[str], expected: bool) -> None:
    def function(item: object, *, keep: bool = True) -> None: ...

    options = signature_of(function, "f").options
    assert values_given(words, options, "f") == {"keep": expected}


def test_the_number_of_values_can_be_bounded() -> None:
    def some(item: str, sizes: Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)]) -> None: ...

    assert values(some, "--sizes", "3,4") == {"sizes": [3, 4]}
    assert complaint(some, "--sizes", "") == "--sizes: 1 value or more, each an int"
    assert complaint(some, "--sizes", "3,4,5") == "--sizes: at most 2 values, not 3"

"""The form: what it asks, and the run that its answers make."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pooltop.work.describe import Description, Parameter
from tests.tui.fake import BLUR, described
from tui.form import (
    FormError,
    choices_of,
    hint_of,
    items_blank,
    parameter_blanks,
    run_spec,
    settings_blanks,
)
from tui.view.prose import paragraphs


def answers(**changed: str) -> dict[str, str]:
    """The form of blur as it opens, with some answers changed (`keep_size` is the option `--keep-size`)."""
    asked = [
        items_blank(BLUR),
        *parameter_blanks(BLUR.parameters),
        *settings_blanks(3, BLUR.baseline),
    ]
    given = {blank.name: blank.initial or (blank.choices or ("",))[0] for blank in asked}
    names = {blank.name.removeprefix("--").replace("-", "_"): blank.name for blank in asked}
    return given | {names[name]: text for name, text in changed.items()}


def test_an_untouched_form_gives_the_defaults() -> None:
    spec = run_spec(BLUR, answers())
    assert (spec.workload, spec.options, spec.items, spec.workers) == ("blur", (), None, None)
    assert (spec.start_method, spec.retries, spec.baseline) == ("forkserver", 2, "full")


def test_only_changed_options_become_words() -> None:
    spec = run_spec(BLUR, answers(radius="3", keep_size="false", mode="gauss", out="blurred here"))
    assert spec.options == ("--radius=3", "--keep-size=false", "--out=blurred here")


def test_settings_are_taken() -> None:
    spec = run_spec(BLUR, answers(items=" photos ", workers="8", retries="0", baseline="none", start_method="spawn"))
    assert (spec.items, spec.workers, spec.retries) == ("photos", 8, 0)
    assert (spec.baseline, spec.start_method) == ("none", "spawn")


def test_the_baseline_is_preset_and_the_number_of_workers_left_open() -> None:
    workers, baseline, *_ = settings_blanks(2, "none")
    assert (workers.initial, workers.placeholder, baseline.initial) == ("", "2", "none")
    assert settings_blanks(2, "full")[1].initial == "full"


@pytest.mark.parametrize(
    ("description", "placeholder"),
    [
        (described("blur", "Blur", ""), "its own"),
        (described("tasks:f", "f", ""), "needed, unless it brings its own"),
        (msgspec.structs.replace(BLUR, items="range:8"), "range:8"),
        (None, "needed, unless it brings its own"),
    ],
)
def test_where_items_come_from_if_nothing_is_said(description: Description | None, placeholder: str) -> None:
    assert items_blank(description).placeholder == placeholder


@given(st.sampled_from(["workers", "retries"]), st.text(max_size=12))
def test_a_number_that_is_none_is_named(field: str, text: str) -> None:
    least = 1 if field == "workers" else 0
    assume(not (field == "workers" and not text.strip()))
    try:
        spec = run_spec(BLUR, answers(**{field: text}))
    except FormError as error:
        assert str(error).startswith(f"{field}: ") and repr(text) in str(error)
    else:
        assert int(text) == getattr(spec, field) >= least


@pytest.mark.parametrize("text", ["", "  "])
def test_no_number_of_workers_is_left_to_the_run(text: str) -> None:
    assert run_spec(BLUR, answers(workers=text)).workers is None


@pytest.mark.parametrize(
    ("annotation", "choices"),
    [
        ("bool", ("true", "false")),
        ("Literal['a', 'b']", ("a", "b")),
        ("typing.Literal[1, 2]", ("1", "2")),
        ("Literal['x']", ("x",)),
        ("str", ()),
        ("", ()),
        ("list[", ()),
    ],
)
def test_what_can_only_be_chosen(annotation: str, choices: tuple[str, ...]) -> None:
    assert choices_of(annotation) == choices


@pytest.mark.parametrize(
    ("annotation", "hint"),
    [
        ("Annotated[float, Meta(ge=0, le=1000)]", "float, ge=0, le=1000"),
        ("Annotated[int, 'note']", "int"),
        ("pooltop.OutputFolder", "OutputFolder"),
        ("int | None", "int | None"),
        ("", ""),
    ],
)
def test_annotations_are_told_in_short(annotation: str, hint: str) -> None:
    assert hint_of(annotation) == hint


@pytest.mark.parametrize(
    ("default", "initial", "placeholder"),
    [
        ("8.0", "8.0", ""),
        ("'text'", "text", ""),
        ("True", "true", ""),
        ("None", "", "None"),
        ("''", "", "''"),
        ("Path('output')", "", "output"),
        (None, "", "must be given"),
    ],
)
def test_defaults_stand_in_their_fields(default: str | None, initial: str, placeholder: str) -> None:
    description = described("f", "f", "", Parameter("option", "", default))
    [blank] = parameter_blanks(description.parameters)
    assert (blank.initial, blank.placeholder) == (initial, placeholder)


def test_a_choice_whose_default_is_none_of_its_values_is_typed() -> None:
    description = described("f", "f", "", Parameter("mode", "Literal['a', 'b'] ", "'c'"))
    assert parameter_blanks(description.parameters)[0].choices == ()


def test_paragraphs_flow_and_lists_keep_their_lines() -> None:
    assert paragraphs("one\ntwo\n\n- a\n- b\n\n  code\n") == "one two\n\n- a\n- b\n\n  code"

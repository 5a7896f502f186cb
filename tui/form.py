"""What a form asks for, and the run that its answers describe; pure."""

import ast
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, get_args

import msgspec

from pooltop.model import BaselineMethod, RunSpec, StartMethod
from pooltop.wire.slots import MOST_WORKERS
from pooltop.work.describe import Description, Parameter

YES_NO: Final = ("true", "false")
BASELINES: Final[tuple[str, ...]] = get_args(BaselineMethod)
START_METHODS: Final[tuple[str, ...]] = get_args(StartMethod)


class Blank(NamedTuple):
    """One line of a form to fill in."""

    name: str
    label: str
    initial: str = ""
    placeholder: str = ""
    """What holds where it is left empty."""
    hint: str = ""
    choices: tuple[str, ...] = ()
    """Where there are any, nothing else can be chosen."""


class Settings(msgspec.Struct, frozen=True):
    """How to run, as the form says it; converted by msgspec from its text."""

    workers: int | None
    retries: int
    start_method: StartMethod
    baseline: BaselineMethod


class FormError(Exception):
    """An answer that cannot be: one line that names the field."""


def items_blank(description: Description | None) -> Blank:
    """Where the items come from; None is a function that is not known yet."""
    own = description is None or ":" in description.workload
    default = description.items if description else None
    placeholder = default or ("needed, unless it brings its own" if own else "its own")
    return Blank("items", "items", placeholder=placeholder, hint="a folder, glob:*.jpg, range:8, lines:FILE")


def parameter_blanks(parameters: Sequence[Parameter]) -> list[Blank]:
    """The options of the function."""
    return list(map(_parameter_blank, parameters))


def settings_blanks(cpus: int, baseline: BaselineMethod) -> list[Blank]:
    """How to run it, on a machine of so many CPUs; `baseline` is what holds where the person says nothing."""
    return [
        Blank("workers", "workers", placeholder=str(cpus), hint="empty: what the CPUs and the work allow"),
        Blank("baseline", "baseline", baseline, hint="full: all in one process first", choices=BASELINES),
        Blank("start_method", "start method", "forkserver", choices=START_METHODS),
        Blank("retries", "retries", "2", hint="of an item whose worker died"),
    ]


def run_spec(description: Description, answers: Mapping[str, str]) -> RunSpec:
    """The run that the form describes; raises `FormError`.

    `answers` holds the settings under their own names, the options of the function under `--name`.
    """
    settings = _settings(answers)
    return RunSpec(
        workload=description.workload,
        options=_words(description.parameters, answers),
        items=answers["items"].strip() or None,
        workers=settings.workers,
        start_method=settings.start_method,
        retries=settings.retries,
        baseline=settings.baseline,
        directory=str(Path.cwd()),
        environment=tuple(sorted(os.environ)),
    )


def _settings(answers: Mapping[str, str]) -> Settings:
    said = {name: answers[name].strip() for name in Settings.__struct_fields__}
    for name, least, most in (("workers", 1, MOST_WORKERS), ("retries", 0, 1_000_000)):
        text = said[name]
        if (name, text) != ("workers", "") and not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise FormError(f"{name}: {answers[name]!r} is not a whole number from {least} to {most:,}")
    return msgspec.convert({**said, "workers": said["workers"] or None}, Settings, strict=False)


def _words(parameters: Sequence[Parameter], answers: Mapping[str, str]) -> tuple[str, ...]:
    """The options that differ from their defaults, as one would type them."""
    asked = map(_parameter_blank, parameters)
    return tuple(f"{blank.name}={answers[blank.name]}" for blank in asked if answers[blank.name] != blank.initial)


def _parameter_blank(parameter: Parameter) -> Blank:
    initial, placeholder = _default(parameter.default)
    choices = choices_of(parameter.annotation)
    return Blank(
        name="--" + parameter.name.replace("_", "-"),
        label=parameter.name,
        initial=initial,
        placeholder=placeholder,
        hint=hint_of(parameter.annotation),
        choices=choices if initial in choices or not initial else (),
    )


def _default(source: str | None) -> tuple[str, str]:
    """The text to begin with, and what stands there in grey where that is empty."""
    if source is None:
        return "", "must be given"
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        path = re.fullmatch(r"(?:[\w.]+\.)?Path\((['\"])(.*)\1\)", source)
        return "", path[2] if path else source
    if isinstance(value, bool):
        return str(value).lower(), ""
    if isinstance(value, str | int | float) and str(value):
        return str(value), ""
    return "", source


def choices_of(annotation: str) -> tuple[str, ...]:
    """The values that a `bool` or a `Literal[...]` allows, as text; none for any other annotation."""
    if annotation == "bool":
        return YES_NO
    try:
        node = ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError):
        return ()
    if not (isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Literal")):
        return ()
    values = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return tuple(str(value.value) for value in values if isinstance(value, ast.Constant))


def hint_of(annotation: str) -> str:
    """An annotation in short: `float, ge=0, le=1000` for `Annotated[float, Meta(ge=0, le=1000)]`."""
    try:
        node = ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError):
        return annotation
    if not (isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Annotated")):
        return annotation.rpartition(".")[2] if isinstance(node, ast.Attribute) else annotation
    kind, *notes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    limits = [ast.unparse(limit) for note in notes if isinstance(note, ast.Call) for limit in note.keywords]
    return ", ".join([ast.unparse(kind), *limits])

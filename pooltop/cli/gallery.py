"""`pooltop list` and `pooltop show`: what there is to run, read from its source."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import click

from pooltop.gallery import gallery, in_file
from pooltop.printable import printable_lines
from pooltop.wire.packing import as_json
from pooltop.work.describe import Description, Parameter, describe


@click.command("list")
@click.argument("files", metavar="[FILE.py]...", nargs=-1)
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def list_gallery(files: tuple[str, ...], in_json: bool) -> None:
    """The gallery of workloads, with the functions of these files."""
    workloads = gallery(Path.cwd(), functions_of(files))
    if in_json:
        click.echo(as_json(workloads))
        return
    for section, entries in groupby(workloads, key=lambda entry: entry.section):
        click.echo(printable_lines("\n".join([section, *_lines(list(entries))])))


def functions_of(files: Iterable[str]) -> list[Description]:
    """The functions of Python files, which are seen from the working directory. Raises WorkloadError."""
    directory = Path.cwd()
    return [function for file in dict.fromkeys(files) for function in in_file(file, directory)]


@click.command()
@click.argument("workload")
def show(workload: str) -> None:
    """What a workload does, its options and its source.

    WORKLOAD is a name of the gallery, module:function or ./file.py:function.
    """
    description = describe(workload, Path.cwd())
    click.echo("\n\n".join(filter(None, (about(description), printable_lines(description.source)))))


def about(description: Description) -> str:
    """Everything but its source, as text for a terminal."""
    parts = (
        _heading(description),
        description.doc,
        _options(description),
        _shared(description),
        _items(description),
    )
    return "\n\n".join(printable_lines(part) for part in parts if part)


def _lines(entries: Sequence[Description]) -> list[str]:
    column = max(len(entry.workload) for entry in entries)
    return [f"  {entry.workload:{column}}  {_with_origin(entry, entry.summary)}".rstrip() for entry in entries]


def _with_origin(description: Description, text: str) -> str:
    return f"{text} (of {description.distribution})".lstrip() if description.distribution else text


def _heading(description: Description) -> str:
    title = "" if description.title == description.workload else f": {description.title}"
    lines = _with_origin(description, f"{description.workload}{title}"), description.path
    return "\n".join(filter(None, lines))


def _options(description: Description) -> str:
    return _table(
        "Options",
        [(f"--{parameter.name.replace('_', '-')}", _value(parameter)) for parameter in description.parameters],
    )


def _shared(description: Description) -> str:
    return _table("Shared between the workers", [(each.name, each.declaration) for each in description.shared])


def _table(heading: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    column = max(len(name) for name, _ in rows)
    return "\n".join([heading, *(f"  {name:{column}}  {text}" for name, text in rows)])


def _value(parameter: Parameter) -> str:
    default = "must be given" if parameter.default is None else f"default {parameter.default}"
    return f"{parameter.annotation}  ({default})" if parameter.annotation else f"({default})"


def _items(description: Description) -> str:
    return f"Items, where none are given: {description.items}" if description.items else ""

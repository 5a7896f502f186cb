"""`pooltop list` and `pooltop show`: what there is to run, read from its source."""

from itertools import groupby
from pathlib import Path

import click

from pooltop.printable import printable_lines
from pooltop.wire.packing import as_json
from pooltop.work.describe import Description, Parameter, describe, gallery


@click.command("list")
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def list_gallery(in_json: bool) -> None:
    """The gallery of workloads."""
    workloads = gallery()
    if in_json:
        click.echo(as_json(workloads))
        return
    column = max(len(entry.workload) for entry in workloads)
    for section, entries in groupby(workloads, key=lambda entry: entry.section):
        if section:
            click.echo(section)
        for entry in entries:
            click.echo(f"  {entry.workload:{column}}  {entry.summary}")


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
    parts = (_heading(description), description.doc, _options(description), _items(description))
    return "\n\n".join(printable_lines(part) for part in parts if part)


def _heading(description: Description) -> str:
    title = "" if description.title == description.workload else f": {description.title}"
    return f"{description.workload}{title}" + (f"\n{description.path}" if description.path else "")


def _options(description: Description) -> str:
    if not description.parameters:
        return ""
    names = [f"--{parameter.name.replace('_', '-')}" for parameter in description.parameters]
    column = max(map(len, names))
    lines = [
        f"  {name:{column}}  {_value(parameter)}" for name, parameter in zip(names, description.parameters, strict=True)
    ]
    return "\n".join(["Options", *lines])


def _value(parameter: Parameter) -> str:
    default = "must be given" if parameter.default is None else f"default {parameter.default}"
    return f"{parameter.annotation}  ({default})" if parameter.annotation else f"({default})"


def _items(description: Description) -> str:
    return f"Items, where none are given: {description.items}" if description.items else ""

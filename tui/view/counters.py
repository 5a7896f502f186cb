"""The workload's named totals."""

from collections.abc import Mapping

from pooltop.model import Number
from tui.view.line import Line, Lines, Span, cell, fit, joined, line
from tui.view.words import amount, printable

EMPTY = 'none: pooltop.counter("n").add(1)'


def lines(counters: Mapping[str, Number], width: int, height: int) -> Lines:
    """A line each, figures right-aligned; on a single line, one after the other."""
    if not counters:
        return [fit(line(Span(f" {EMPTY}", "dim")), width)]
    named = [(printable(name), amount(value)) for name, value in counters.items()]
    if height == 1:
        pairs = [line(Span(f"{name} ", "dim"), Span(value)) for name, value in named]
        return [fit(Line((Span(" "), *joined(pairs, " · ").spans)), width)]
    shown = named if len(named) <= height else named[: height - 1]
    body = [fit(_row(name, value, width), width) for name, value in shown]
    if hidden := len(named) - len(shown):
        body.append(fit(line(Span(f" and {hidden} more", "dim")), width))
    return body


def _row(name: str, value: str, width: int) -> Line:
    room = max(width - len(value) - 3, 1)
    return line(Span(f" {cell(name, room)} ", "dim"), Span(value))

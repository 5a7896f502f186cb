"""The end of a run: the speedup large, expected against actual, failures, and where everything is."""

import textwrap

from textual.renderables.digits import DIGITS, DIGITS3X3

from pooltop.model import Failure, Snapshot
from tui.view.label import shortened
from tui.view.line import Line, Lines, Span, fit, hinted, line
from tui.view.speedup import not_measured, workers
from tui.view.words import UNKNOWN, duration, percent, plural, printable, times

LABEL = 13
PRINTED_LINES = 6
"""Of what the check has printed; the log has all of it."""


def lines(snapshot: Snapshot, width: int, height: int) -> Lines:
    """The whole account, the most important first, as much of it as `height` lines hold."""
    facts = [_items(snapshot), *_facts(snapshot, width)]
    large = (
        _large(snapshot) if height >= 3 + len(facts) and snapshot.speedup.speedup is not None else [_small(snapshot)]
    )
    room = max(height - len(large) - len(facts), 0)
    everything = [*large, *facts[:1], *_failures(snapshot, room), *facts[1:]]
    return [fit(part, width) for part in everything[:height]]


def wanted(snapshot: Snapshot, width: int) -> int:
    """The lines that the whole account takes in so many columns, with up to five failures."""
    facts = 1 + len(_facts(snapshot, width))
    return facts + (3 if snapshot.speedup.speedup is not None else 1) + min(len(snapshot.failures), 5)


def _facts(snapshot: Snapshot, width: int) -> list[Line]:
    """What follows the failures."""
    room = max(width - LABEL, 1)
    return [*_ways(snapshot, width), *_check(snapshot), *_notes(snapshot, room), *_places(snapshot, room)]


def _large(snapshot: Snapshot) -> list[Line]:
    speedup = snapshot.speedup
    digits = _big(f"{speedup.speedup:.2f}x")
    beside = _account(snapshot)
    return [line(Span(f"  {row}   ", "accent"), *text.spans) for row, text in zip(digits, beside, strict=True)]


def _big(text: str) -> list[str]:
    """`text` in characters of three lines."""
    glyphs = [DIGITS.find(character) for character in text]
    return ["".join(_glyph(text[n], glyph, row) for n, glyph in enumerate(glyphs)) for row in range(3)]


def _glyph(character: str, glyph: int, row: int) -> str:
    if glyph < 0:
        return (character if row == 2 else " ").ljust(1)
    return DIGITS3X3[glyph * 3 + row].ljust(3)


def _account(snapshot: Snapshot) -> list[Line]:
    speedup = snapshot.speedup
    one = duration(speedup.baseline.seconds) if speedup.baseline is not None else UNKNOWN
    efficient = UNKNOWN if speedup.efficiency is None else percent(100 * speedup.efficiency)
    started = f"{times(speedup.speedup_with_startup)} with the start's {duration(speedup.startup_seconds)} counted in"
    return [
        line(Span("the speed of one process", "strong"), f", with {workers(snapshot)} · {efficient} efficient"),
        line(Span("one process ", "dim"), one, Span(" · the pool ", "dim"), duration(speedup.seconds)),
        line(Span(started if speedup.speedup_with_startup is not None else "", "dim")),
    ]


def _small(snapshot: Snapshot) -> Line:
    speedup = snapshot.speedup
    if speedup.speedup is None:
        took = duration(speedup.seconds if speedup.seconds is not None else snapshot.elapsed)
        return _fact(
            "speedup",
            Span(not_measured(snapshot) if speedup.baseline is None else UNKNOWN, "dim"),
            Span(f" · pool {took}"),
        )
    first, second, _ = _account(snapshot)
    return _fact("speedup", Span(times(speedup.speedup) + " ", "accent"), *first.spans, Span(" · "), *second.spans)


def _items(snapshot: Snapshot) -> Line:
    progress = snapshot.progress
    of = f" of {progress.total:,}" if progress.total is not None else ""
    failed = Span(f" · {progress.failed:,} failed", "bad") if progress.failed else Span(" · none failed", "dim")
    kept = Span(f" · {progress.kept:,} kept from before" if progress.kept else "", "dim")
    retried = Span(f" · {progress.retried:,} run again after a death" if progress.retried else "", "dim")
    killed = snapshot.workers_killed
    deaths = Span(f" · {plural(killed, 'worker')} killed" if killed else "", "dim")
    return _fact("items", Span(f"{progress.done:,}{of}"), failed, kept, retried, deaths)


def _failures(snapshot: Snapshot, room: int) -> list[Line]:
    shown = snapshot.failures[-room:] if room else ()
    return [_failure(number, failure) for number, failure in enumerate(reversed(shown))]


def _failure(number: int, failure: Failure) -> Line:
    item = Span(printable(failure.item).rpartition("/")[2], "bad")
    return _fact("" if number else "failed", item, Span(f"  {printable(failure.error)}"))


def _ways(snapshot: Snapshot, width: int) -> list[Line]:
    """What a person may want to do next."""
    run = printable(snapshot.run)
    if not run:
        return []
    ways = []
    if snapshot.progress.failed:
        ways.append(("more", f"pooltop failures {run}", "f shows them here"))
    if snapshot.state in ("stopped", "failed"):
        ways.append(("go on", f"pooltop resume {run}", "what is finished is kept"))
    return [hinted(_fact(label, Span(command, "strong")), hint, width) for label, command, hint in ways]


def _notes(snapshot: Snapshot, room: int) -> list[Line]:
    """Whole, however long: they say what the result is one of."""
    rows = [row for note in snapshot.notes for row in textwrap.wrap(printable(note), room)]
    return [_fact("" if number else "note", Span(row, "warning")) for number, row in enumerate(rows)]


def _check(snapshot: Snapshot) -> list[Line]:
    check = snapshot.check
    if check is None:
        return []
    verdict = Span("✔ ", "good") if check.ok else Span("✘ ", "bad")
    expected, actual = printable(str(check.expected)), printable(str(check.actual))
    compared = (Span("expected ", "dim"), Span(expected), Span("  actual ", "dim"), Span(actual))
    notes = [_fact("", Span(printable(note), "warning")) for note in check.notes]
    printed = [_fact("", Span(printable(text))) for text in check.printed[:PRINTED_LINES]]
    return [_fact("check", verdict, *compared), *notes, *printed]


def _places(snapshot: Snapshot, room: int) -> list[Line]:
    outputs = [shortened(printable(path), room) for path in snapshot.outputs]
    run = [shortened(printable(snapshot.directory), room)] if snapshot.directory else []
    return [
        *(_fact("" if number else "output", Span(path)) for number, path in enumerate(outputs)),
        *(_fact("run", Span(path, "dim")) for path in run),
    ]


def _fact(label: str, *spans: Span) -> Line:
    return line(Span(f"  {label:<{LABEL - 2}}", "dim"), *spans)

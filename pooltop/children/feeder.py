"""The feeder: runs the user's iterable in a process of its own and pickles chunks of items, only as many as asked."""

import os
import pickle
import signal
import time
from collections.abc import Iterable, Iterator
from itertools import count, zip_longest
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from pooltop.children import past
from pooltop.children.capture import PythonStreams
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.preloaded import ForkServer
from pooltop.children.reading import Everything, Portion, Reading, Unended
from pooltop.errors import summary, user_traceback
from pooltop.model import Resumption
from pooltop.run.journal import JournalError, JournalReader
from pooltop.wire.channel import ChildEnd
from pooltop.wire.messages import AskItems, End, Items, Ready, Release, SendAgain, SourceEnded
from pooltop.work.items import Source, open_source
from pooltop.work.keys import KEY_SIZE, split


class FeederStart(msgspec.Struct, frozen=True):
    """Where a feeder begins: at the start of a run, of a resumed one, or in the place of a feeder that died."""

    journal: str
    """The run's, which has all that has come in this session."""
    session: int
    """The present one."""
    resume: Resumption = ""
    next_chunk: int = 0
    """The number of the next chunk."""
    in_flight: tuple[tuple[int, int, int], ...] = ()
    """Of chunks whose items have not all ended: number, position of the first item, number of items."""


def open_home_source(home: Home) -> tuple[Source, Ready]:
    """The run's items, and what the supervisor wants to know before it starts workers. Raises WorkloadError."""
    assignment = home.assignment
    workload, options = obtain_workload(assignment)
    began = time.monotonic()
    source = open_source(
        assignment.spec.items,
        workload,
        Path(assignment.spec.directory),
        os.fdopen(home.stdin.descriptor, errors="surrogateescape") if home.stdin else None,
        options=options,
        run_folder=Path(assignment.run_folder),
    )
    ready = Ready(
        total=source.total,
        source_seconds=time.monotonic() - began,
        textual=source.textual,
        threads=ForkServer.import_started_threads,
        outputs=tuple(str(folder) for folder in workload.output_folders(options)),
        checked=workload.check is not None,
        shared=workload.shared(options),
        together=workload.together(options),
    )
    return source, ready


class Feeder:
    """Answers each request for items with a chunk, and keeps chunks until all their items have ended.

    A chunk that cannot be unpickled is sent again in halves, and those again, so that only the culprit fails. Chunks
    are numbered from `next_chunk` on.
    """

    def __init__(self, channel: ChildEnd, reading: Reading, next_chunk: int = 0) -> None:
        self._channel = channel
        self._reading = reading
        self._numbers = count(next_chunk)
        self._kept: dict[int, list[Any]] = {}
        self._ended = False

    def catch_up(self, come: Iterable[tuple[int, bytes]], in_flight: Iterable[tuple[int, int, int]]) -> None:
        """Read the items that another feeder has given, make sure that they are the same, and keep those in flight.

        come: of items that follow one another the position of the first, and their keys.
        """
        wanted = [chunk for chunk in in_flight if chunk[2] > 1]
        for first, keys in come:
            try:
                items, found = self._reading.pass_over(len(keys) // KEY_SIZE)
            except BaseException as error:
                self._end(SourceEnded(summary(error), user_traceback(error)))
                return
            if found != keys:
                where = first + _first_difference(keys, found)
                self._end(SourceEnded(f"they had to be read anew, and are not the same from item {where} on"))
                return
            for number, start, size in wanted:
                own = items[max(0, start - first) : max(0, start + size - first)]
                if own:
                    self._kept.setdefault(number, []).extend(own)

    def serve(self) -> None:
        """Until told to end, or until the supervisor is gone (EOFError)."""
        while True:
            message, _ = self._channel.receive()
            match message:
                case AskItems(number) if not self._ended:
                    self._answer(number)
                case Release(chunk):
                    self._kept.pop(chunk, None)
                case SendAgain(chunk, lo, hi):
                    self._send_again(chunk, lo, hi)
                case End():
                    return

    def _answer(self, number: int) -> None:
        """Send up to that many items that are to be run, and what stands between them."""
        for part in self._reading.parts(number):
            if isinstance(part, Portion):
                number -= len(part.items)
                self._send(part, answered=number == 0)
            else:
                self._channel.send(part)
        if self._reading.error is not None:
            self._end(SourceEnded(summary(self._reading.error), user_traceback(self._reading.error)))
        elif self._reading.ended:
            self._end(SourceEnded(notes=self._reading.notes(), left_out=self._reading.left_out))

    def _end(self, message: SourceEnded) -> None:
        self._ended = True
        self._channel.send(message)

    def _send(self, portion: Portion, *, answered: bool) -> None:
        body, readable = _pickled(portion.items)
        if readable or len(portion.items) == 1:
            self._keep(portion.items)
            self._channel.send(Items(len(portion.items), portion.first, portion.keys, answered=answered), body)
            return
        *others, last = _single_items(portion)
        for single in others:
            self._send(single, answered=False)
        self._send(last, answered=answered)

    def _send_again(self, chunk: int, lo: int, hi: int) -> None:
        items = self._kept[chunk][lo:hi]
        body, _ = _pickled(items)
        self._keep(items)
        self._channel.send(Items(len(items), again=(chunk, lo)), body)

    def _keep(self, items: list[Any]) -> None:
        number = next(self._numbers)
        if len(items) > 1:
            self._kept[number] = items


def _pickled(items: list[Any]) -> tuple[bytes, bool]:
    """The items pickled, and whether they could be; else what raises when it is unpickled."""
    try:
        return pickle.dumps(items, pickle.HIGHEST_PROTOCOL), True
    except BaseException as error:  # SystemExit of a __reduce__, too: the item is at fault, not the source
        return pickle.dumps(_Unsendable(f"the item cannot be pickled: {summary(error)}")), False


def _single_items(portion: Portion) -> Iterator[Portion]:
    for position, item, key in zip(count(portion.first), portion.items, split(portion.keys), strict=False):
        yield Portion(position, [item], key)


def _first_difference(some: bytes, others: bytes) -> int:
    """How many keys at the beginning are the same."""
    return next(n for n, (one, other) in enumerate(zip_longest(split(some), split(others))) if one != other)


class _Unsendable:
    """Takes the place of an item that cannot be pickled; unpickling it raises, so the failure is that item's."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return _refuse, (self.text,)


def _refuse(text: str) -> NoReturn:
    raise TypeError(text)


def feeder_main(home: Home, start: FeederStart) -> None:
    """The target of the feeder process."""
    channel, _ = home.move_in()
    streams = PythonStreams(channel)
    try:
        try:
            source, ready = open_home_source(home)
            iterator = iter(source.iterable)
        except BaseException as error:
            report_start(channel, streams, error)
            return
        channel.send(ready)
        try:
            with JournalReader(Path(start.journal)) as journal:
                _feed(channel, iterator, start, journal)
        except JournalError as error:
            channel.send(SourceEnded(str(error)))
    except EOFError:
        signal.raise_signal(signal.SIGKILL)


def _feed(channel: ChildEnd, items: Iterator[Any], start: FeederStart, journal: JournalReader) -> None:
    reading = Unended(items, journal, start.session, start.resume) if start.resume else Everything(items)
    feeder = Feeder(channel, reading, start.next_chunk)
    feeder.catch_up(past.inputs(journal, start.session), start.in_flight)
    feeder.serve()

"""The feeder: runs the user's iterable in a process of its own and pickles chunks of items, only as many as asked."""

import os
import pickle
import signal
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, NoReturn

from pooltop.children.capture import PythonStreams
from pooltop.children.home import Home, obtain_workload, report_start
from pooltop.children.preloaded import ForkServer
from pooltop.errors import summary, user_traceback
from pooltop.wire.channel import ChildEnd
from pooltop.wire.messages import AskItems, End, Items, Ready, Release, SendAgain, SourceEnded
from pooltop.work.items import Source, open_source


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

    A chunk that cannot be unpickled is sent again in halves, and those again, so that only the culprit fails.
    """

    def __init__(self, channel: ChildEnd, items: Iterator[Any]) -> None:
        self._channel = channel
        self._items = items
        self._numbers = count()
        self._kept: dict[int, list[Any]] = {}

    def serve(self) -> None:
        """Until told to end, or until the supervisor is gone (EOFError)."""
        ended = False
        while True:
            message, _ = self._channel.receive()
            match message:
                case AskItems(number) if not ended:
                    ended = self._send_chunk(number)
                case Release(chunk):
                    self._kept.pop(chunk, None)
                case SendAgain(chunk, lo, hi):
                    self._send(self._kept[chunk][lo:hi], again=(chunk, lo))
                case End():
                    return

    def _send_chunk(self, number: int) -> bool:
        """Send up to that many items; whether the source has ended with that."""
        chunk: list[Any] = []
        error: BaseException | None = None
        try:
            chunk.extend(islice(self._items, number))
        except BaseException as raised:
            error = raised
        if chunk:
            self._send(chunk)
        if error is not None:
            self._channel.send(SourceEnded(summary(error), user_traceback(error)))
        elif len(chunk) < number:
            self._channel.send(SourceEnded())
        return error is not None or len(chunk) < number

    def _send(self, chunk: list[Any], *, answered: bool = True, again: tuple[int, int] | None = None) -> None:
        try:
            body = pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            if len(chunk) > 1:
                self._send_one_by_one(chunk)
                return
            body = pickle.dumps([_Unsendable(f"the item cannot be pickled: {summary(error)}")])
        number = next(self._numbers)
        if len(chunk) > 1:
            self._kept[number] = chunk
        self._channel.send(Items(len(chunk), answered=answered, again=again), body)

    def _send_one_by_one(self, chunk: list[Any]) -> None:
        *others, last = chunk
        for item in others:
            self._send([item], answered=False)
        self._send([last])


class _Unsendable:
    """Takes the place of an item that cannot be pickled; unpickling it raises, so the failure is that item's."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return _refuse, (self.text,)


def _refuse(text: str) -> NoReturn:
    raise TypeError(text)


def feeder_main(home: Home) -> None:
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
        Feeder(channel, iterator).serve()
    except EOFError:
        signal.raise_signal(signal.SIGKILL)

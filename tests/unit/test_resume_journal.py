"""A run whose processes die at any statement of its journal, resumed until it is through: every item has one end."""

import pickle
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pooltop.children import past
from pooltop.children.reading import Everything, Portion, Reading, Unended
from pooltop.model import Failure, RunSpec
from pooltop.run import committer
from pooltop.run import journal as journal_module
from pooltop.run.journal import Journal, JournalReader
from pooltop.run.ledger import Ledger
from pooltop.wire.messages import Kept, LeftOut
from pooltop.work.keys import KEY_SIZE

SPEC = RunSpec(workload="w", directory="/")
ITEMS = st.lists(st.integers(0, 5) | st.just(lambda: "no key"), min_size=1, max_size=15)


class Mortal:
    """A connection whose process dies before its n-th statement: what is on the disk then is seen by `on_death`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.statements_left: float = float("inf")
        self.on_death: Callable[[], None] = lambda: None

    def execute(self, *arguments: Any) -> Any:
        self._age()
        return self._connection.execute(*arguments)

    def __enter__(self) -> None:
        self._connection.__enter__()

    def __exit__(self, *exception: Any) -> None:
        self._age()
        self._connection.__exit__(*exception)

    def close(self) -> None:
        self._connection.close()

    def _age(self) -> None:
        if self.statements_left == 0:
            self.on_death()
        self.statements_left -= 1


class Resumed(RuleBasedStateMachine):
    """One run, at any time in the hands of one supervisor and its feeder, without the processes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.lives = 0
        self.patches = ExitStack()
        # A commit comes when the rules say so.
        self.patches.enter_context(mock.patch.object(committer, "_GATHER_SECONDS", 3600.0))
        self.patches.enter_context(mock.patch.object(journal_module, "SPILL_BYTES", 100))

    @property
    def place(self) -> Path:
        """The run's directory, as this life has found it."""
        return self.folder / str(self.lives)

    @initialize(items=ITEMS)
    def begin(self, items: list[Any]) -> None:
        self.items = items
        self.place.mkdir()
        self.open()

    def open(self) -> None:
        """A supervisor begins its session."""
        self.journal = Journal.create(self.place / "journal.db", SPEC)
        self.reader = JournalReader(self.place / "journal.db")
        self.session = self.journal.begin_session()
        self.ledger = Ledger(self.journal, self.reader)
        self.mortal = Mortal(self.journal._committer._connection)
        self.journal._committer._connection = self.mortal  # type: ignore[assignment]  # as far as it is used
        self.reading = self.read()
        self.in_hand: list[int] = []

    def read(self) -> Reading:
        if self.session == 1:
            return Everything(iter(self.items))
        return Unended(iter(self.items), self.reader, self.session, "all")

    @precondition(lambda self: not self.reading.ended)
    @rule(number=st.integers(1, 5))
    def items_come(self, number: int) -> None:
        for part in self.reading.parts(number):
            if isinstance(part, Kept):
                self.ledger.kept(part)
            else:
                assert isinstance(part, Portion)
                self.ledger.inputs(part.first, len(part.items), part.keys)
                self.in_hand += range(part.first, part.first + len(part.items))

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), large=st.booleans())
    def items_end(self, data: st.DataObject, large: bool) -> None:
        first = data.draw(st.sampled_from(self.in_hand))
        count = data.draw(st.integers(1, 4))
        ended = [index for index in range(first, first + count) if index in self.in_hand]
        ended = ended[: next((n for n, index in enumerate(ended) if index != first + n), len(ended))]
        fails = {index for index in ended if data.draw(st.booleans())}
        self.end(ended, fails, large)

    def end(self, ended: list[int], fails: set[int], large: bool = False) -> None:
        self.in_hand = [index for index in self.in_hand if index not in ended]
        body = pickle.dumps([(index, "x" * 100 * large) for index in ended if index not in fails])
        failures = [Failure(index=index, item=f"item {index}", error="x") for index in ended if index in fails]
        self.ledger.results(ended[0], len(ended), body, {"ended": len(ended)}, failures)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def an_item_fails_with_its_worker(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from(self.in_hand))
        self.in_hand.remove(index)
        self.ledger.failure(Failure(index=index, item="died", error="SIGSEGV"))

    @rule()
    def a_commit(self) -> None:
        self.journal.flush()

    @rule()
    def the_feeder_dies(self) -> None:
        """Another one reads what has come, and goes on behind it."""
        self.journal.flush()
        self.reading = self.read()
        for _, keys in past.inputs(self.reader, self.session):
            _, found = self.reading.pass_over(len(keys) // KEY_SIZE)
            assert found == keys

    @rule(statements=st.integers(0, 20))
    def all_die(self, statements: int) -> None:
        """In the middle of a commit, or after it."""
        self.mortal.on_death = self.leave
        self.mortal.statements_left = statements
        self.journal.flush()
        if self.mortal.statements_left >= 0:
            self.leave()
        self.mortal.statements_left = float("inf")
        self.close()
        self.lives += 1
        self.open()

    def leave(self) -> None:
        shutil.copytree(self.place, self.folder / str(self.lives + 1))

    def close(self) -> None:
        self.reader.close()
        journal = self.journal
        del self.journal
        journal.close()

    def teardown(self) -> None:
        try:
            if hasattr(self, "journal"):  # else it has gone wrong already
                self.goes_on_to_its_end()
        finally:
            shutil.rmtree(self.folder)
            self.patches.close()

    def goes_on_to_its_end(self) -> None:
        self.all_die(0)
        while not self.reading.ended:
            self.items_come(5)
        for index in list(self.in_hand):
            self.end([index], set())
        assert not self.reading.notes() or "position" in self.reading.notes()[0], "nothing has changed"
        self.close()
        self.every_item_has_one_end()

    def every_item_has_one_end(self) -> None:
        with JournalReader(self.place / "journal.db") as reader:
            failures = list(reader.failures())
            ended = [index for stored in reader.results() for index in stored.indexes]
            assert sorted(ended + [failure.index for failure in failures]) == list(range(len(self.items)))
            assert ended == sorted(ended)
            for stored in reader.results():
                values = pickle.loads(stored.body)
                for index, pick in zip(stored.indexes, stored.picks, strict=True):
                    was = values[pick][0]
                    assert was == index, "a result stays with its item"
            died = sum(failure.item == "died" for failure in failures)
            assert reader.counters().get("ended", 0) == len(self.items) - died
        with closing(sqlite3.connect(self.place / "journal.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            files = {file for (file,) in connection.execute("SELECT file FROM results WHERE file IS NOT NULL")}
        assert {path.name for path in (self.place / "results").glob("*")} == files


TestResumed = Resumed.TestCase
TestResumed.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_only_the_failures_run_again(tmp_path: Path) -> None:
    """The first of two equal items never ran, the second one failed."""
    path = tmp_path / "journal.db"
    journal = Journal.create(path, SPEC)
    items = ["a", "a", "b", "c"]
    for retry in range(2):
        session = journal.begin_session()
        journal.flush()
        with JournalReader(path) as reader:
            reading: Reading = Unended(iter(items), reader, session, "failed") if retry else Everything(iter(items))
            for part in list(reading.parts(9)):
                match part:
                    case Kept():
                        assert (part.first, part.count, part.session_first) == (2, 1, 2)
                        journal.kept(part)
                    case LeftOut():
                        assert part.first in (0, 3)
                        journal.inputs(part.first, part.count, part.keys)
                    case Portion():
                        assert not retry or (part.first, part.items) == (1, ["a"])
                        journal.inputs(part.first, len(part.items), part.keys)
            assert (reading.ended, reading.left_out, reading.notes()) == (True, 2 * retry, ())
        if retry:
            journal.result(1, 1, pickle.dumps(["again"]))
        else:
            journal.failure(Failure(index=1, item="a", error="x"))
            journal.result(2, 1, pickle.dumps(["b"]))
        journal.flush()
    session = journal.begin_session()
    journal.flush()
    with JournalReader(path) as reader:
        parts = list(Unended(iter(items), reader, session, "all").parts(9))
    ((never, kept_again, kept_b, last)) = parts
    assert isinstance(never, Portion) and never.items == ["a"]
    assert isinstance(kept_again, Kept) and (kept_again.session, kept_again.session_first) == (2, 1)
    assert isinstance(kept_b, Kept) and (kept_b.session, kept_b.session_first) == (1, 2)
    assert isinstance(last, Portion) and last.first == 3
    journal.close()


def test_what_has_changed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal.create(path, SPEC)
    journal.begin_session()
    (part,) = Everything(iter([*"abcd", lambda: 0, "e"])).parts(6)
    assert isinstance(part, Portion)
    journal.inputs(0, 6, part.keys)
    journal.result(0, 6, pickle.dumps(list(range(6))))
    session = journal.begin_session()
    journal.flush()
    with JournalReader(path) as reader:
        reading = Unended(iter(["new", "b", "a", "d", lambda: 1, "f"]), reader, session, "all")
        fates = [type(part) for part in reading.parts(100)]
        assert fates == [Portion, Kept, Kept, Kept, Portion]
        assert reading.notes() == (
            "the items have changed: 2 new, 1 in another order, 2 gone, whose results are left out (items 2, 5)",
            "matched by position, having no stable content: 1 item",
        )
    journal.close()


def test_a_source_that_raises_keeps_what_came_before(tmp_path: Path) -> None:
    def breaks() -> Iterator[str]:
        yield "a"
        raise ValueError("the source broke")

    journal = Journal.create(tmp_path / "journal.db", SPEC)
    journal.close()
    with JournalReader(tmp_path / "journal.db") as reader:
        for reading in (Everything(breaks()), Unended(breaks(), reader, 2, "all")):
            (part,) = reading.parts(5)
            assert isinstance(part, Portion) and part.items == ["a"]
            assert reading.ended and str(reading.error) == "the source broke"

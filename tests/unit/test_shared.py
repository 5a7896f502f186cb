"""What a workload may declare as shared: plain descriptions, with options filled in, or one line that names it."""

import multiprocessing
import threading
from typing import get_args

import pytest

from pooltop import shared
from pooltop.children.shared.commons import numbered
from pooltop.errors import WorkloadError
from pooltop.wire.messages import Ready, decode
from pooltop.wire.packing import pack
from pooltop.work.sharing import resolved


def refusal(description: object, name: str = "thing", **options: object) -> str:
    with pytest.raises(WorkloadError) as refused:
        resolved({name: description}, options, "work")
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_every_kind_travels_as_it_is() -> None:
    declared = {
        "value": shared.Value("d", 1.5),
        "flag": shared.Value("c_bool", True),
        "letter": shared.Value("c", b"x"),
        "cells": shared.Array("i", [1, 2, 3]),
        "text": shared.Array("c", b"hello"),
        "zeros": shared.Array("q", 7, lock=False),
        "lock": shared.Lock(),
        "rlock": shared.RLock(),
        "few": shared.Semaphore(3),
        "event": shared.Event(),
        "gate": shared.Barrier(2),
        "changed": shared.Condition(),
        "line": shared.Queue(5),
        "tasks": shared.JoinableQueue(),
        "pipe": shared.Pipe(False),
    }
    assert {type(description) for description in declared.values()} == set(get_args(shared.Description))
    plain = resolved(declared, {}, "work")
    ready = decode(pack(Ready(shared=plain)))
    assert isinstance(ready, Ready)
    assert ready.shared == plain
    assert (plain["value"], plain["lock"]) == (declared["value"], declared["lock"])


def test_an_option_is_filled_in() -> None:
    declared = {"cells": shared.Array("d", shared.Option("n")), "gate": shared.Barrier(shared.Option("parts"))}
    assert resolved(declared, {"n": 4, "parts": 3}, "work") == {
        "cells": shared.Array("d", 4),
        "gate": shared.Barrier(3),
    }


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (multiprocessing.Lock(), "is a multiprocessing.synchronize.Lock, not a description"),
        (threading.Lock(), "not a description"),
        (5, "is a int, not a description"),
        (shared.Lock, "is the class shared.Lock itself"),
        (shared.Value("z"), "'z' is no typecode"),
        (shared.Value("c_char_p", b"x"), "'c_char_p' is no typecode"),
        (shared.Value("py_object", 1), "'py_object' is no typecode"),
        (shared.Value(7), "7 is no typecode"),  # type: ignore[arg-type]  # as a person may
        (shared.Value("d", "x"), "must be real number"),
        (shared.Array("i", -1), "its size is at least 0, not -1"),
        (shared.Array("i", [1, "x"]), "TypeError"),
        (shared.Array("i", 1.5), "its size is a whole number, not 1.5"),
        (shared.Barrier(0), "its parties is at least 1, not 0"),
        (shared.Barrier("x"), "its parties is a whole number, not 'x'"),  # type: ignore[arg-type]  # as a person may
        (shared.Semaphore(-1), "its value is at least 0, not -1"),
        (shared.Queue(True), "its maxsize is a whole number, not True"),
        (shared.Array("d", shared.Option("n")), "the function has no option 'n'"),
    ],
    ids=str,
)
def test_what_is_not_plain_is_refused_by_name(description: object, said: str) -> None:
    line = refusal(description)
    assert line.startswith("work: shared 'thing'")
    assert said in line


def test_an_option_that_is_no_number_is_refused() -> None:
    assert "its maxsize is a whole number, not 'x'" in refusal(shared.Queue(shared.Option("n")), n="x")


def test_a_name_that_is_no_parameter_is_refused() -> None:
    assert "cannot be the name of a parameter" in refusal(shared.Lock(), name="my lock")


def test_a_pipe_has_a_number_for_each_direction() -> None:
    described: dict[str, shared.Description] = {"a": shared.Lock(), "pipe": shared.Pipe(), "b": shared.Lock()}
    assert numbered(described) == {"a": 0, "pipe": 1, "b": 3}

"""What is said at the end of a run: the object of `--json`, and the lines for a person."""

import json
from collections.abc import Iterator

from msgspec.structs import replace

from pooltop.errors import LONGEST_LINE
from pooltop.figures import amount, duration, plural
from pooltop.model import Baseline, Check, Failure, Progress, SharedObject, Snapshot, Speedup
from pooltop.summary import content, is_clean, summarise, summary_lines
from pooltop.wire.packing import as_json

FAILURES = [Failure(index=index, item=f"IMG_{index}.jpg", error="ValueError: bad header") for index in range(7)]
SNAPSHOT = Snapshot(
    run="20261122-154501-blur",
    workload="blur",
    state="finished",
    time=0,
    workers_requested=2,
    workers_started=3,
    workers_killed=1,
    pids=(11, 12, 13),
    progress=Progress(total=48, done=41, failed=7, retried=1, kept=3),
    counters={"pixels": 10**20, "share": 0.51234},
    speedup=Speedup(
        baseline=Baseline(23.6, "full"),
        seconds=12.3,
        startup_seconds=0.4,
        speedup=1.918,
        speedup_with_startup=1.858,
        efficiency=0.959,
        final=True,
    ),
    shared=(
        SharedObject(name="balance", kind="Value", value=1010.5),
        SharedObject(name="lock", kind="Lock", holder=2),
        SharedObject(name="open", kind="Event", value=True),
        SharedObject(name="seats", kind="Semaphore", value=3),
        SharedObject(name="word", kind="Array", size=4, value="text"),
        SharedObject(name="cells", kind="Array", size=2, cells=(0, 7)),
        SharedObject(name="sampled", kind="Array", size=1000, cells=(0, 7)),
        SharedObject(name="long", kind="Array", size=101, cells=(0,) * 101),
        SharedObject(name="orders", kind="Queue", depth=12, capacity=50),
        SharedObject(name="line", kind="Pipe", depth=0),
    ),
    check=Check(48, 41, False, ("one worker died inside lock",)),
    outputs=("/runs/1/output",),
    notes=("2 items are new",),
)


def test_the_json_object_key_for_key() -> None:
    assert json.loads(as_json(summarise(SNAPSHOT, FAILURES[:1]))) == {
        "run": "20261122-154501-blur",
        "workload": "blur",
        "state": "finished",
        "reason": "",
        "items": {"total": 48, "done": 41, "failed": 7, "retried": 1, "kept": 3},
        "workers": {"requested": 2, "started": 3, "killed": 1, "pids": [11, 12, 13]},
        "startup_seconds": 0.4,
        "seconds": 12.3,
        "baseline": {"seconds": 23.6, "method": "full"},
        "speedup": 1.918,
        "speedup_with_startup": 1.858,
        "efficiency": 0.959,
        "check": {"expected": 48, "actual": 41, "ok": False, "notes": ["one worker died inside lock"], "printed": []},
        "counters": {"pixels": 10**20, "share": 0.51234},
        "shared": {
            "balance": 1010.5,
            "open": True,
            "seats": 3,
            "word": "text",
            "cells": [0, 7],
            "orders": 12,
            "line": 0,
        },
        "failures": [{"item": "IMG_0.jpg", "error": "ValueError: bad header", "attempts": 1}],
        "notes": ["2 items are new"],
    }


def test_what_is_unknown_is_null() -> None:
    empty = json.loads(as_json(summarise(Snapshot(run="r", workload="w", state="stopped", time=0), [])))
    unknown = {key for key, value in empty.items() if value is None}
    assert unknown == {
        "startup_seconds",
        "seconds",
        "baseline",
        "speedup",
        "speedup_with_startup",
        "efficiency",
        "check",
    }
    assert empty["items"]["total"] is None


def test_what_json_cannot_hold_is_its_repr() -> None:
    odd = Snapshot(run="r", workload="w", state="finished", time=0, check=Check(1 + 2j, "a\udcff", False))
    check = json.loads(as_json(summarise(odd, [])))["check"]
    assert check == {"expected": "(1+2j)", "actual": "a\\udcff", "ok": False, "notes": [], "printed": []}


def test_the_lines_for_a_person() -> None:
    assert list(summary_lines(SNAPSHOT, FAILURES)) == [
        "blur finished; 41 of 48 items done in 12.3 s; 3 had ended before (run 20261122-154501-blur)",
        "  7 failed:",
        "    IMG_0.jpg: ValueError: bad header",
        "    IMG_1.jpg: ValueError: bad header",
        "    IMG_2.jpg: ValueError: bad header",
        "    IMG_3.jpg: ValueError: bad header",
        "    IMG_4.jpg: ValueError: bad header",
        "    and 2 more",
        "  failures: pooltop failures 20261122-154501-blur",
        "  speedup 1.92 x on 2 workers, 96% efficient, one process took 23.6 s, "
        "with the pool's start (0.40 s) counted in 1.86 x",
        "  pixels: 100,000,000,000,000,000,000",
        "  share: 0.512",
        "  balance: 1,010.5",
        "  check WRONG: expected 48, got 41",
        "    one worker died inside lock",
        "  written to /runs/1/output",
        "  note: 2 items are new",
    ]


def test_what_ended_before_its_time_goes_on_unless_something_was_shared() -> None:
    stopped = Snapshot(run="r", workload="w", state="stopped", time=0)
    assert list(summary_lines(stopped, []))[-1] == "  go on with: pooltop resume r"
    shared = replace(stopped, shared=(SharedObject(name="lock", kind="Lock"),))
    assert "resume" not in "".join(summary_lines(shared, []))


def test_no_line_is_longer_than_can_be_read() -> None:
    monster = "x" * 5000
    failed = replace(SNAPSHOT, state="failed", reason=monster, notes=(monster,))
    lines = list(summary_lines(failed, [Failure(index=0, item="a", error=monster)]))
    assert max(map(len, lines)) <= LONGEST_LINE + len(" … ") < 5000


def test_only_what_is_done_and_well_is_clean() -> None:
    well = Snapshot(run="r", workload="w", state="finished", time=0)
    assert is_clean(well) and is_clean(replace(well, check=Check(1, 1, True)))
    assert not is_clean(replace(well, state="stopped"))
    assert not is_clean(replace(well, progress=Progress(failed=1)))
    assert not is_clean(replace(well, check=Check(1, 2, False)))


def test_a_million_failures_are_not_read_to_show_five() -> None:
    def endless() -> Iterator[Failure]:
        yield from FAILURES
        raise AssertionError("read on")

    list(summary_lines(SNAPSHOT, endless()))


def test_nothing_in_it_steers_the_terminal() -> None:
    rude = "\x1b]0;owned\x07"
    snapshot = Snapshot(
        run="r",
        workload=rude,
        state="failed",
        reason=rude,
        time=0,
        progress=Progress(failed=1),
        counters={rude: 1},
        shared=(SharedObject(name=rude, kind="Value", value=rude),),
        check=Check(rude, [rude], False, (rude,)),
        outputs=(rude,),
        notes=(rude,),
    )
    lines = list(summary_lines(snapshot, [Failure(index=0, item=rude, error=rude, attempts=3)]))
    assert len(lines) == 10 and not any("\x1b" in line for line in lines)


def test_the_content_of_a_shared_value() -> None:
    values = (1000.0, 1010.25, 0.1 + 0.2, 12_345, True, "a\x00", float("nan"))
    assert [content(value) for value in values] == ["1,000", "1,010.25", "0.3", "12,345", "True", r"'a\x00'", "nan"]


def test_figures() -> None:
    assert [duration(seconds) for seconds in (0, 0.314, 9.999, 59.94, 59.99, 226, 3723)] == [
        "0.00 s",
        "0.31 s",
        "10.0 s",
        "59.9 s",
        "1:00",
        "3:46",
        "1:02:03",
    ]
    assert [amount(value) for value in (0, 12345, 0.3123, 24.12, 1234.5)] == ["0", "12,345", "0.312", "24.1", "1,234"]
    assert plural(1, "item") == "1 item" and plural(2000, "item") == "2,000 items"
